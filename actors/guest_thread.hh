// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operating system threads that run guest code.
#pragma once

#include "messages/error.hh"

#include <cstddef>
#include <functional>
#include <pthread.h>

namespace interlink {

/// A joinable thread with a chosen stack size. Context: its owner.
class guest_thread {
public:
  guest_thread() = default;
  guest_thread(guest_thread&& other) noexcept;
  guest_thread& operator=(guest_thread&& other) noexcept;
  ~guest_thread(); ///< detaches a thread that nobody joined

  /// Errors: spawn_failed with the system's reason.
  static result<guest_thread> start(std::size_t stack_bytes, std::move_only_function<void()> body);

  /// Whether the calling thread is one of these: it must not wait for the end of all.
  static bool is_current();

  bool is_joinable() const { return is_joinable_; }

  void join();

private:
  pthread_t thread_{};
  bool is_joinable_{};
};

} // namespace interlink

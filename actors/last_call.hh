// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which host call a thread is in, or was in last, and since when: what a report of others can say of it. One thread
// writes, anybody reads.
#pragma once

#include "actors/event_clock.hh"

#include <atomic>
#include <cstdint>

namespace interlink {

/// Context: enter and leave from the thread itself; read from any.
class last_call {
public:
  struct reading {
    const char* name = nullptr; ///< null: none yet
    bool is_inside{};           ///< false: it has returned, and guest code runs since
    std::uint64_t entered{};    ///< event_clock; of a call that ran others, when the last of them was entered
  };

  /// `name` lives as long as the reader may look.
  void enter(const char* name)
  {
    entered_.store(event_clock::now(), std::memory_order_relaxed);
    name_.store(name, std::memory_order_relaxed);
    is_inside_.store(true, std::memory_order_release);
  }

  void leave(const char* name)
  {
    is_inside_.store(false, std::memory_order_relaxed);
    name_.store(name, std::memory_order_relaxed);
  }

  /// The words are read one by one: between two calls they may belong to both.
  reading read() const
  {
    reading now;
    now.is_inside = is_inside_.load(std::memory_order_acquire);
    now.name = name_.load(std::memory_order_relaxed);
    now.entered = entered_.load(std::memory_order_relaxed);
    return now;
  }

private:
  std::atomic<const char*> name_{nullptr};
  std::atomic<std::uint64_t> entered_{0};
  std::atomic<bool> is_inside_{false};
};

} // namespace interlink

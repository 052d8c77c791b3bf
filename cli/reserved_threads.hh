// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads that run before they are needed. The engine ends the host when the system refuses it a thread, and a limit of
// threads is shared with other programs: that a thread could be made a moment ago says nothing. So threads are made
// first, and handed over to whoever asks the C library for one.
#pragma once

#include <cstddef>
#include <memory>
#include <pthread.h>
#include <vector>

namespace interlink::cli {

/// Context: one thread.
class reserved_threads {
public:
  /// Starts up to `wanted` threads, which wait: fewer when the system refuses one.
  explicit reserved_threads(std::size_t wanted);

  reserved_threads(const reserved_threads&) = delete;
  reserved_threads& operator=(const reserved_threads&) = delete;

  /// Ends the threads that nobody took.
  ~reserved_threads();

  /// Threads that nobody took.
  std::size_t count() const { return waiting_.size(); }

  /// Calls `body`. When that calls pthread_create on this thread, it gets a thread from here while there is one.
  template <class Body>
  auto serve(Body body)
  {
    const serving scope(*this);
    return body();
  }

  /// Makes a waiting thread run `body(argument)`. Returns false when there is none, or its stack is too small.
  bool take(pthread_t& thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument);

  /// How many threads the engine compiles with, at most. Source: the global thread pool of rayon 1.
  static std::size_t of_compiler();

private:
  struct order;

  struct waiting_thread {
    pthread_t thread;
    std::shared_ptr<order> given;
  };

  class serving {
  public:
    explicit serving(reserved_threads& threads);
    serving(const serving&) = delete;
    serving& operator=(const serving&) = delete;
    ~serving();
  };

  static void* await_order(void* given);

  std::vector<waiting_thread> waiting_;
};

} // namespace interlink::cli

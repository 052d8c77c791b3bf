// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The leaf locks. Each has a rank; a thread that holds one may take only one of a higher rank, which debug builds
// check. No lock is held while waiting for anything but the lock itself. The list is in docs/concurrency.md.
#pragma once

#include "messages/assert.hh"

#include <mutex>

namespace interlink {

/// In the order in which they may be taken. docs/concurrency.md says what each guards.
enum class lock_rank : unsigned char {
  tracing = 0,
  process_state = 1,
  module_cache = 2,
  futex_bucket = 3,
  published = 4,
  call_queue = 5,
  parker = 6,
  exit_handlers = 7,
  event_recorder = 8,
};

/// A mutex that knows its rank. Context: any thread.
class ranked_mutex {
public:
  explicit ranked_mutex(lock_rank rank) : rank_(rank) {}

  void lock()
  {
    note_lock();
    mutex_.lock();
  }

  void unlock()
  {
    note_unlock(); // first: whoever gets the lock may destroy the mutex
    mutex_.unlock();
  }

private:
#ifdef NDEBUG
  void note_lock() {}

  void note_unlock() {}
#else
  void note_lock()
  {
    INTERLINK_ASSERT((held_ >> static_cast<unsigned>(rank_)) == 0); // none of this rank or above is held
    held_ |= 1U << static_cast<unsigned>(rank_);
  }

  void note_unlock() { held_ &= ~(1U << static_cast<unsigned>(rank_)); }

  static inline thread_local unsigned held_ = 0;
#endif

  std::mutex mutex_;
  lock_rank rank_;
};

} // namespace interlink

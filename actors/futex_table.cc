// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/futex_table.hh"

#include "actors/ranked_mutex.hh"

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>

namespace interlink {

struct futex_table::waiter {
  const void* word;
  parker* at;
  bool woken = false;
};

struct futex_table::bucket {
  ranked_mutex mutex{lock_rank::futex_bucket};
  std::list<waiter*> waiters; // longest waiting first
};

futex_table::futex_table() : buckets_(std::make_unique<std::array<bucket, bucket_count>>()) {}

futex_table::~futex_table() = default;

futex_table::bucket& futex_table::bucket_of(const void* word)
{
  const auto address = reinterpret_cast<std::uintptr_t>(word);
  return (*buckets_)[(address >> 3) * 0x9E3779B97F4A7C15ULL >> 58];
}

template <class Word>
futex_outcome futex_table::wait(const Word* word, Word expected, std::optional<parker::clock::time_point> deadline,
                                parker& at, const std::function<bool()>& takes_interruption)
{
  bucket& in = bucket_of(word);
  waiter self{word, &at};
  {
    std::lock_guard lock(in.mutex);
    // Guest threads write the word with plain machine stores; the seq_cst load pairs with the notifier's lock.
    if (std::atomic_ref<Word>(*const_cast<Word*>(word)).load(std::memory_order_seq_cst) != expected) {
      return futex_outcome::value_differs;
    }
    in.waiters.push_back(&self);
  }
  while (true) {
    const bool is_interrupted = takes_interruption && takes_interruption();
    const wake_reason reason = is_interrupted ? wake_reason::unparked : at.park(deadline);
    std::lock_guard lock(in.mutex);
    if (self.woken) {
      return futex_outcome::woken;
    }
    if (is_interrupted || reason != wake_reason::unparked) {
      in.waiters.remove(&self);
      return is_interrupted                   ? futex_outcome::interrupted
             : reason == wake_reason::stopped ? futex_outcome::stopped
                                              : futex_outcome::timed_out;
    }
    // An interruption, or a permit left over from an earlier use of this parker: wait on.
  }
}

futex_outcome futex_table::wait32(const std::uint32_t* word, std::uint32_t expected,
                                  std::optional<parker::clock::time_point> deadline, parker& at,
                                  const std::function<bool()>& takes_interruption)
{
  return wait(word, expected, deadline, at, takes_interruption);
}

futex_outcome futex_table::wait64(const std::uint64_t* word, std::uint64_t expected,
                                  std::optional<parker::clock::time_point> deadline, parker& at,
                                  const std::function<bool()>& takes_interruption)
{
  return wait(word, expected, deadline, at, takes_interruption);
}

std::uint32_t futex_table::notify(const void* word, std::uint32_t count)
{
  bucket& in = bucket_of(word);
  std::uint32_t woken = 0;
  std::lock_guard lock(in.mutex);
  for (auto at = in.waiters.begin(); at != in.waiters.end() && woken < count;) {
    if ((*at)->word == word) {
      (*at)->woken = true;
      (*at)->at->unpark(); // under the bucket's lock: the waiter cannot be gone before it has taken that lock
      at = in.waiters.erase(at);
      ++woken;
    } else {
      ++at;
    }
  }
  return woken;
}

futex_table& shared_futexes()
{
  static auto& table = *new futex_table; // never destroyed: a guest thread may wait while the host leaves
  return table;
}

} // namespace interlink

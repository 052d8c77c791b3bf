// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The address-keyed wait table: it serves `memory.atomic.wait32/64/notify` and the futex calls of the
// guest ABI alike, so a waiting thread can be woken by either, stopped, and seen in a report.
//
// Order that must hold: the word is compared under the bucket's lock, and a notifier takes that lock after its store to
// the word; so a store and notify after the comparison finds the waiter in the list. The wait itself happens on the
// waiter's own parker, with no lock held.
#pragma once

#include "actors/parker.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace interlink {

enum class futex_outcome : std::uint8_t { woken, value_differs, timed_out, interrupted, stopped };

/// Context: any thread.
class futex_table {
public:
  futex_table();
  ~futex_table();

  /// Waits while the word at `word` equals `expected`. `word` is aligned and stays readable during the call.
  /// `at` is the parker of the calling thread. `takes_interruption` is asked by that thread before it parks, and again
  /// whenever it is unparked: true ends the wait. Null: nothing interrupts it.
  futex_outcome wait32(const std::uint32_t* word, std::uint32_t expected,
                       std::optional<parker::clock::time_point> deadline, parker& at,
                       const std::function<bool()>& takes_interruption = nullptr);
  futex_outcome wait64(const std::uint64_t* word, std::uint64_t expected,
                       std::optional<parker::clock::time_point> deadline, parker& at,
                       const std::function<bool()>& takes_interruption = nullptr);

  /// Wakes up to `count` waiters of that address, the longest waiting first; returns how many.
  std::uint32_t notify(const void* word, std::uint32_t count);

private:
  struct waiter;
  struct bucket;

  template <class Word>
  futex_outcome wait(const Word* word, Word expected, std::optional<parker::clock::time_point> deadline, parker& at,
                     const std::function<bool()>& takes_interruption);

  bucket& bucket_of(const void* word);

  static constexpr std::size_t bucket_count = 64; // more than the cores of any machine this runs on
  std::unique_ptr<std::array<bucket, bucket_count>> buckets_;
};

/// The one of all guests: its addresses are the host's, so that threads of two processes that share a memory wake each
/// other. Context: any thread; lives as long as the host.
futex_table& shared_futexes();

} // namespace interlink

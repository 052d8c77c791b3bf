// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way to end a call that waits: a cancel unwinds the guest, an interruption ends one wait with errno intr. Each
// guest thread has one canceller; every wait of the WASI layer watches it.
//
// A sleep waits on the canceller's own word (a futex), so a thread that only sleeps needs no host descriptor. A wait
// for a descriptor needs one to poll beside it; that eventfd is made at the first such wait. Thousands of threads are
// therefore not thousands of open files.
#pragma once

#include "wasi/outcome.hh"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

namespace interlink::wasi {

/// Ends the waits of one guest thread. Context: any thread. Lifetime: outlives every call that was given it.
class canceller {
public:
  canceller() noexcept = default;
  canceller(const canceller&) = delete;
  canceller& operator=(const canceller&) = delete;
  ~canceller();

  /// Ends the wait under way, and every later one at once, until `clear`. May be called any number of times.
  void cancel() noexcept;

  bool is_cancelled() const noexcept { return (state_.load(std::memory_order_acquire) & cancelled_bit) != 0; }

  /// Has the wait under way ask `takes_interruption`, which must be able to say yes by now. One time too many does no
  /// harm.
  void wake() noexcept;

  /// Makes waits possible again. Pre: no call that uses this canceller is under way.
  void clear() noexcept;

  /// What ends a wait now: cancelled, or errno intr for an interruption, which is taken thereby. Success: nothing does,
  /// and a `cancel` or `wake` from here on makes `wake_fd` readable. Context: the waiting thread.
  outcome look() noexcept;

  /// Sleeps. Success after the time; else as `look`, before the time or at once.
  outcome sleep_for(std::chrono::nanoseconds duration) noexcept;

  /// A descriptor that is readable from a `cancel` or `wake` on, until the next `look`; -1 when the host has no
  /// descriptor left (then the waiter must look now and then). It belongs to the canceller.
  int wake_fd() noexcept;

  /// Called by the thread that is about to wait; must not throw. Pre: set before the first wait.
  std::function<void()> before_wait;

  /// Asked by the waiting thread: true ends its wait, and it is not asked again for the same reason. Must not throw.
  /// Pre: set before the first wait.
  std::function<bool()> takes_interruption;

private:
  static constexpr std::uint32_t cancelled_bit = 1;
  static constexpr std::uint32_t one_wake = 2;

  void ring() noexcept;
  void quieten() const noexcept;

  std::atomic<std::uint32_t> state_{0}; // the bit of a cancel, and above it the number of wakes; sleepers wait on it
  std::atomic<int> wake_fd_{-1};
};

} // namespace interlink::wasi

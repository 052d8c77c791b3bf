// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way to end a call that waits. Each guest thread has one canceller; every wait of the WASI layer watches it.
//
// A sleep waits on the canceller's own word (a futex), so a thread that only sleeps needs no host descriptor. A wait
// for a descriptor needs one to poll beside it; that eventfd is made at the first such wait. Thousands of threads are
// therefore not thousands of open files.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

namespace interlink::wasi {

/// Cancels the waits of one guest thread. Context: any thread. Lifetime: outlives every call that was given it.
class canceller {
public:
  canceller() noexcept = default;
  canceller(const canceller&) = delete;
  canceller& operator=(const canceller&) = delete;
  ~canceller();

  /// Ends the wait under way, and every later one at once, until `clear`. May be called any number of times.
  void cancel() noexcept;

  bool is_cancelled() const noexcept { return state_.load(std::memory_order_acquire) != 0; }

  /// Makes waits possible again. Pre: no call that uses this canceller is under way.
  void clear() noexcept;

  /// Sleeps; returns true when it was cancelled, before the time or at once, false after the time.
  bool sleep_for(std::chrono::nanoseconds duration) noexcept;

  /// A descriptor that is readable from the moment of cancellation on; -1 when the host has no descriptor left (then
  /// the waiter must look at `is_cancelled` now and then). It belongs to the canceller.
  int wake_fd() noexcept;

  /// Called by the thread that is about to wait; must not throw. Pre: set before the first wait.
  std::function<void()> before_wait;

private:
  void ring(int fd) const noexcept;

  std::atomic<std::uint32_t> state_{0}; // 1 once cancelled; sleepers wait on it
  std::atomic<int> wake_fd_{-1};
};

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the two-barrier protocol is built from, as its authors have it: a barrier, a broadcast bus of capacity one, and
// a back-off.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>

namespace interlink::bench {

/// A barrier that can be passed again. Source: Rust's std::sync::Barrier, a mutex and a condition variable.
/// Context: any thread.
class meeting {
public:
  explicit meeting(std::size_t participants) : participants_(participants) {}

  void arrive_and_wait()
  {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = generation_;
    if (++arrived_ == participants_) {
      arrived_ = 0;
      ++generation_;
      all_arrived_.notify_all();
      return;
    }
    all_arrived_.wait(lock, [&] { return generation_ != mine; });
  }

private:
  std::mutex mutex_;
  std::condition_variable all_arrived_;
  const std::size_t participants_;
  std::size_t arrived_{};
  std::uint64_t generation_{};
};

/// One value at a time for all readers, each of which reads each value once. Pre: a value is sent when all have read
/// the one before. Context: any thread.
template <class T>
class bus {
public:
  void send(T value)
  {
    {
      std::lock_guard lock(mutex_);
      value_ = std::move(value);
      ++sent_;
    }
    was_sent_.notify_all();
  }

  /// The next value after the `seen`-th; counts it.
  T receive(std::uint64_t& seen)
  {
    std::unique_lock lock(mutex_);
    was_sent_.wait(lock, [&] { return sent_ != seen; });
    ++seen;
    return value_;
  }

private:
  std::mutex mutex_;
  std::condition_variable was_sent_;
  T value_{};
  std::uint64_t sent_{};
};

/// Source: the WASIX linker: 64 spins, 24 yields, then sleeps of 48 us that double 8 times at most, up to 10 ms.
class back_off {
public:
  void step()
  {
    ++steps_;
    if (steps_ <= 64) {
      return;
    }
    if (steps_ <= 64 + 24) {
      std::this_thread::yield();
      return;
    }
    std::this_thread::sleep_for(sleep_);
    if (doublings_ < 8) {
      ++doublings_;
      sleep_ = std::min<std::chrono::microseconds>(sleep_ * 2, std::chrono::milliseconds(10));
    }
  }

private:
  int steps_ = 0;
  int doublings_ = 0;
  std::chrono::microseconds sleep_{48};
};

} // namespace interlink::bench

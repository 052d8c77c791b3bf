// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many handles a library has, and whether its constructors have run: one cell for each published incarnation,
// shared by all snapshots that show it. A library that is open is opened again, and closed but for its last handle,
// without a turn.
//
// What must hold:
//   - Only turns take the count from 0 to 1 and from 1 to 0, so no thread can open what a turn has found closed, and no
//     turn finds closed what a thread has just opened.
//   - Whoever takes the last handle away decides by what it wrote: a count that was read before may have grown since.
//   - `is_constructed` is set by the turn that ends the last constructor of the module's whole closure: whoever opens
//     without a turn has waited for nobody.
// docs/memory_model.md says what each memory order is for.
#pragma once

#include <atomic>
#include <cstdint>

namespace interlink {

/// Context: as each function says.
class open_count {
public:
  struct no_pause {
    void operator()() const {}
  };

  /// One handle more, if the library has one and all its constructors have run. `pause` stands where other threads may
  /// come between. Context: any thread that has the module in its snapshot.
  template <class Pause = no_pause>
  bool reopen(const Pause& pause = {})
  {
    if (!is_constructed()) {
      return false;
    }
    std::uint64_t seen = handles_.load(std::memory_order_relaxed);
    pause();
    while (seen > 0 &&
           !handles_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed, std::memory_order_relaxed)) {
    }
    return seen > 0;
  }

  /// One handle fewer, if another one is left. Context: any thread that has the module in its snapshot.
  template <class Pause = no_pause>
  bool close_one_of_several(const Pause& pause = {})
  {
    std::uint64_t seen = handles_.load(std::memory_order_relaxed);
    pause();
    while (seen > 1 &&
           !handles_.compare_exchange_weak(seen, seen - 1, std::memory_order_release, std::memory_order_relaxed)) {
    }
    return seen > 1;
  }

  /// One handle more. Context: a turn.
  void open() { handles_.fetch_add(1, std::memory_order_relaxed); }

  enum class closed : std::uint8_t { never_open, one_of_several, last };

  /// One handle fewer; with the last one the library is closed, and all that threads did with it lies behind.
  /// Context: a turn.
  closed close()
  {
    std::uint64_t seen = handles_.load(std::memory_order_relaxed);
    while (seen > 0 &&
           !handles_.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel, std::memory_order_relaxed)) {
    }
    return seen == 0 ? closed::never_open : seen == 1 ? closed::last : closed::one_of_several;
  }

  /// 0 is exact in a turn; elsewhere, and above that, it may have changed since.
  std::uint64_t handles() const { return handles_.load(std::memory_order_relaxed); }

  /// Context: the turn that ends the last constructor of the closure.
  void set_constructed() { is_constructed_.store(true, std::memory_order_release); }

  /// What the constructors have written is seen. Context: any thread.
  bool is_constructed() const { return is_constructed_.load(std::memory_order_acquire); }

private:
  std::atomic<std::uint64_t> handles_{0};
  std::atomic<bool> is_constructed_{false};
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An operation of the embedder's, between its start and its completion: where its cancellation, which comes from the
// embedder's threads, meets the group's thread that carries it out. Whoever comes first completes it; it completes
// once.
#pragma once

#include "messages/error.hh"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace interlink {

/// What one asynchronous operation completes with.
template <class T>
using completion = std::move_only_function<void(result<T>)>;

/// How far it is. Context: any thread.
class operation_state {
public:
  /// False when it was cancelled before: it must not be carried out.
  bool begin()
  {
    auto expected = stage::waiting;
    return stage_.compare_exchange_strong(expected, stage::begun, std::memory_order_acq_rel);
  }

  /// True when it had not begun, and never will. Otherwise its waits in the linker, present and future, are given up,
  /// and one of its guest's own waits is interrupted.
  bool cancel()
  {
    auto expected = stage::waiting;
    const bool never_begins = stage_.compare_exchange_strong(expected, stage::cancelled, std::memory_order_acq_rel);
    is_cancelled_.store(true, std::memory_order_release);
    is_interrupted_.store(true, std::memory_order_release);
    if (!never_begins && expected == stage::begun && wake) {
      wake();
    }
    return never_begins;
  }

  /// For `wait_limit`.
  const std::atomic<bool>& is_cancelled() const { return is_cancelled_; }

  /// True once for each cancellation.
  bool take_interruption() { return is_interrupted_.exchange(false, std::memory_order_acq_rel); }

  /// Has the group that carries it out look at its limits. Pre: set before anyone can cancel.
  std::function<void()> wake;

private:
  enum class stage : std::uint8_t { waiting, begun, cancelled };

  std::atomic<stage> stage_{stage::waiting};
  std::atomic<bool> is_cancelled_{false};
  std::atomic<bool> is_interrupted_{false};
};

/// An operation as those see it who carry it out, whatever it completes with. Context: any thread.
class carried_operation {
public:
  virtual ~carried_operation() = default;

  /// The process has ended and the thread that carries it out goes on: completes it with `stopping`.
  virtual void abandon() = 0;
};

/// The state together with what is to be told. Context: any thread.
template <class T>
class pending_operation : public carried_operation {
public:
  explicit pending_operation(completion<T> done) : done_(std::move(done)) {}

  const std::shared_ptr<operation_state>& state() const { return state_; }

  /// Keeps `what` until it is complete. Context: its initiation, before anybody can complete it.
  void keep(std::shared_ptr<const void> what) { kept_ = std::move(what); }

  /// The first caller's outcome is the operation's; what comes later is dropped.
  void complete(result<T> outcome)
  {
    if (!is_complete_.exchange(true, std::memory_order_acq_rel)) {
      const auto kept = std::move(kept_); // until the outcome is on its way
      std::exchange(done_, nullptr)(std::move(outcome));
    }
  }

  void abandon() override { complete(fail(errc::stopping, "the process has ended, and its guest computes on")); }

  /// `at_once` completes it also when guest code is under way for it, whose outcome is then dropped.
  void cancel(bool at_once)
  {
    if (state_->cancel() || at_once) {
      complete(fail(errc::cancelled, "the operation was cancelled"));
    }
  }

private:
  std::shared_ptr<operation_state> state_ = std::make_shared<operation_state>();
  completion<T> done_;
  std::shared_ptr<const void> kept_;
  std::atomic<bool> is_complete_{false};
};

} // namespace interlink

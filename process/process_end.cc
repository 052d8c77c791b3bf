// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The end of a process: it is decided once, by the first who asks for it; then every thread is stopped, and those who
// wait for the end are told. A process that became another program ends when that one does.
#include "groups/instance_group.hh"
#include "wasi/terminal.hh"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "process/process_core.hh"

namespace interlink {

void process_core::end(const process_outcome& outcome)
{
  if (stop_threads(outcome)) {
    announce_end(outcome);
    return;
  }
  const std::shared_ptr<process_core> successor = [this] {
    std::lock_guard lock(mutex_);
    return successor_.lock();
  }();
  if (successor) {
    successor->end(outcome);
  }
}

void process_core::end_as(const std::shared_ptr<process_core>& successor)
{
  {
    std::lock_guard lock(mutex_);
    if (outcome_) {
      return;
    }
    successor_ = successor;
  }
  if (stop_threads({})) {
    successor->on_end([self = shared_from_this()](const process_outcome& outcome) { self->announce_end(outcome); });
  }
}

bool process_core::stop_threads(const process_outcome& outcome)
{
  std::map<std::uint32_t, std::unique_ptr<asio::steady_timer>> timers;
  {
    std::lock_guard lock(mutex_);
    if (outcome_) {
      return false;
    }
    outcome_ = outcome;
    call_watch_.reset();
    deadline_watch_.reset();
    timers.swap(signal_timers_);
  }
  has_ended_.store(true, std::memory_order_release);
  // First the stop, then the wake-ups: a thread that wakes finds the stop published and unwinds.
  request_channel channel;
  coordinator_->ask(channel, no_group, stop_request{outcome.exit_code});
  threads.stop_all_waits();
  embedder_groups.close();
  if (interrupts_) {
    interrupt_again(std::chrono::milliseconds(1)); // ends the threads that compute without a call
  }
  if (counts) {
    // Before anybody learns of the end: the command leaves at once.
    loader.log.write(log_category::statistics, no_group, "{}", fmt::join(to_lines(*counts), "\n"));
  }
  return true;
}

void process_core::announce_end(const process_outcome& outcome)
{
  const std::uint32_t signal = outcome.failure ? signal_of_trap : outcome.signal;
  family->finish(number, {outcome.exit_code, signal});
  if (number == first_process) {
    wasi::restore_terminals();
    for (const auto& other : family->others(number)) {
      other->end({128 + signal_kill, std::nullopt, signal_kill});
    }
  }
  if (loader.log.enabled().ops || loader.log.enabled().actors) {
    trace->flush();
  }
  std::vector<std::shared_ptr<parker>> waiters;
  std::vector<std::function<void(const process_outcome&)>> callbacks;
  {
    std::lock_guard lock(mutex_);
    outcome_ = outcome;
    is_over_ = true;
    waiters.swap(end_waiters_);
    callbacks.swap(on_end_);
  }
  for (const auto& waiter : waiters) {
    waiter->unpark();
  }
  for (const auto& callback : callbacks) {
    callback(outcome);
  }
}

bool process_core::join_threads(parker::clock::time_point deadline)
{
  bool all_ended = threads.join_all(deadline);
  if (number == first_process) {
    for (const auto& other : family->unfinished(no_process)) {
      all_ended = other->threads.join_all(deadline) && all_ended;
    }
  }
  if (!all_ended) {
    abandon_operations();
  }
  return all_ended;
}

void process_core::abandon_operations()
{
  for (const auto& group : threads.alive()) {
    group->calls.abandon();
  }
}

void process_core::interrupt_again(std::chrono::milliseconds pause)
{
  static constexpr std::chrono::milliseconds longest_pause{50};
  environment.engine->increment_epoch();
  interrupts_->expires_after(pause);
  interrupts_->async_wait([weak = weak_from_this(), pause](const asio::error_code&) {
    const auto self = weak.lock();
    if (self != nullptr && self->threads.alive_count() != 0) {
      self->interrupt_again(std::min(2 * pause, longest_pause));
    }
  });
}

bool process_core::has_begun() const
{
  std::lock_guard lock(mutex_);
  return has_begun_;
}

bool process_core::begin()
{
  std::lock_guard lock(mutex_);
  return !std::exchange(has_begun_, true);
}

void process_core::end_with(const error& failure)
{
  end({exit_code_of_trap, failure});
}

void process_core::on_thread_result(const result<void>& outcome)
{
  if (outcome || has_ended()) {
    return;
  }
  switch (outcome.error().code()) {
  case errc::thread_exited:
  case errc::stopping:
  case errc::cancelled:
    return;
  case errc::guest_exited:
    end({outcome.error().detail().exit_code, std::nullopt});
    return;
  default:
    end_with(outcome.error());
  }
}

std::optional<process_outcome> process_core::wait_for_end(std::optional<parker::clock::time_point> deadline)
{
  const auto at = std::make_shared<parker>();
  {
    std::lock_guard lock(mutex_);
    if (is_over_) {
      return outcome_;
    }
    end_waiters_.push_back(at);
  }
  at->park(deadline);
  std::lock_guard lock(mutex_);
  std::erase(end_waiters_, at);
  return is_over_ ? outcome_ : std::nullopt;
}

void process_core::on_end(std::function<void(const process_outcome&)> callback)
{
  {
    std::lock_guard lock(mutex_);
    if (!is_over_) {
      on_end_.push_back(std::move(callback));
      return;
    }
  }
  callback(*outcome_); // written once, before the flag that lets us come here
}

} // namespace interlink

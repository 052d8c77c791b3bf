// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signals of a process: who takes them, what they do without a handler, and timers that send them.
#include "actors/guest_thread.hh"
#include "groups/coordinator_messages.hh"
#include "groups/instance_group.hh"

#include <algorithm>
#include <mutex>
#include <system_error>
#include <utility>

#include "process/process_core.hh"
#include "process/signal_delivery.hh"

namespace interlink {

bool is_deadly(std::uint32_t signal)
{
  constexpr std::uint32_t ignored_or_stopping = 1U << 17 /* chld */ | 1U << 18 /* cont */ | 1U << 19 /* stop */ |
                                                1U << 20 /* tstp */ | 1U << 21 /* ttin */ | 1U << 22 /* ttou */ |
                                                1U << 23 /* urg */ | 1U << 28 /* winch */;
  return signal != 0 && (ignored_or_stopping >> signal & 1U) == 0;
}

bool is_signal_pending(const process_core& process, std::uint32_t signal)
{
  return std::ranges::any_of(process.threads.alive(), [&](const auto& group) {
    return (group->pending_signals.load(std::memory_order_acquire) >> signal & 1U) != 0;
  });
}

namespace {

/// A thread that computes looks for signals at checks, which ask for a newer version. So one is published that changes
/// nothing. By a thread of its own: a turn may be waited for neither here, where timers come, nor by whoever signals.
void have_checks_met(const std::shared_ptr<process_core>& process)
{
  constexpr std::size_t stack_bytes = std::size_t{256} << 10;
  // Refused: the signal is taken at the next host call.
  static_cast<void>(guest_thread::start(stack_bytes, [process] {
    request_channel channel;
    process->coordination().ask(channel, no_group, allocate_slots_request{0});
  }));
}

/// False when the thread has ended.
bool send(process_core& process, group_id thread, std::uint32_t signal)
{
  const std::shared_ptr<instance_group> target = process.threads.find(thread);
  if (target == nullptr) {
    return false;
  }
  const bool is_pending = (target->pending_signals.load(std::memory_order_acquire) >> signal & 1U) != 0;
  if (!process.threads.signal(thread, signal)) {
    return false;
  }
  // A wait ends, or is over and its call delivers the signal: that clears `waiting_in` before it looks.
  const bool computes = target->waiting_in.load(std::memory_order_relaxed) == nullptr;
  if (computes && !is_pending && signal != 0 && process.program().is_dynamic) {
    have_checks_met(process.shared_from_this());
  }
  return true;
}

} // namespace

bool process_core::handles_signals() const
{
  std::lock_guard lock(mutex_);
  return handler_exports_.contains(signal_handler_);
}

bool process_core::signal(std::uint32_t signal)
{
  if (has_ended()) {
    return false;
  }
  if (signal == 0) {
    return true;
  }
  if (signal == signal_kill || !handles_signals()) {
    if (signal == signal_kill || (is_deadly(signal) && (ignored_signals >> signal & 1U) == 0)) {
      end({128 + signal, std::nullopt, signal});
    }
    return true;
  }
  if (send(*this, first_group, signal)) {
    return true;
  }
  const auto others = threads.alive();
  return !others.empty() && send(*this, others.front()->id(), signal);
}

bool process_core::signal_thread(group_id thread, std::uint32_t signal)
{
  const bool by_default = signal == signal_kill || (signal != 0 && !handles_signals());
  return by_default ? threads.find(thread) != nullptr && this->signal(signal) : send(*this, thread, signal);
}

void process_core::signal_after(std::uint32_t signal, std::chrono::nanoseconds interval, bool repeats)
{
  std::lock_guard lock(mutex_);
  signal_timers_.erase(signal);
  if (interval.count() > 0 && !outcome_) {
    arm_signal(signal, interval, repeats);
  }
}

void process_core::arm_signal(std::uint32_t signal, std::chrono::nanoseconds interval, bool repeats)
{
  try {
    auto& timer = signal_timers_[signal];
    timer = std::make_unique<asio::steady_timer>(background_, interval);
    timer->async_wait([weak = weak_from_this(), signal, interval, repeats](const asio::error_code& cancelled) {
      const auto self = weak.lock();
      if (self == nullptr || cancelled) {
        return;
      }
      if (repeats) {
        self->signal_after(signal, interval, true);
      }
      self->signal(signal);
    });
  } catch (const std::system_error&) {
    signal_timers_.erase(signal); // no descriptor is left for a timer
  }
}

std::string process_core::signal_handler() const
{
  std::lock_guard lock(mutex_);
  return signal_handler_;
}

void process_core::set_signal_handler(std::string name)
{
  std::lock_guard lock(mutex_);
  signal_handler_ = std::move(name);
}

} // namespace interlink

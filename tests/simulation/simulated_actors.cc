// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stands in for actors/parker.cc and actors/guest_thread.cc in a simulation: the same classes, on the seeded
// scheduler instead of the operating system.
#include "actors/guest_thread.hh"
#include "actors/parker.hh"
#include "actors/schedule_point.hh"
#include "messages/assert.hh"
#include "tests/simulation/seeded_scheduler.hh"

#include <utility>

namespace interlink {

using simulation::seeded_scheduler;

namespace {

/// Threads that the system refuses, by seed: one in so many. 0 for none.
std::uint64_t refuse_threads_one_in = 0;

} // namespace

namespace simulation {

void set_thread_refusals(std::uint64_t one_in)
{
  refuse_threads_one_in = one_in;
}

} // namespace simulation

void schedule_point(schedule_place place)
{
  if (auto* scheduler = seeded_scheduler::current()) {
    scheduler->point(place);
  }
}

schedule_clock::time_point schedule_clock::now()
{
  const auto* scheduler = seeded_scheduler::current();
  return scheduler == nullptr ? time_point{} : scheduler->now();
}

wake_reason parker::park(std::optional<clock::time_point> deadline)
{
  return wait(deadline, true);
}

wake_reason parker::park_regardless_of_stop(std::optional<clock::time_point> deadline)
{
  return wait(deadline, false);
}

wake_reason parker::wait(std::optional<clock::time_point> deadline, bool heeds_stop)
{
  auto& scheduler = *seeded_scheduler::current();
  while (!permit_ && !(heeds_stop && stopped_)) {
    if (deadline && clock::now() >= *deadline) {
      return wake_reason::deadline;
    }
    scheduler.block(this, deadline);
  }
  if (permit_) {
    permit_ = false;
    return wake_reason::unparked;
  }
  return wake_reason::stopped;
}

void parker::unpark()
{
  permit_ = true;
  if (auto* scheduler = seeded_scheduler::current()) {
    scheduler->wake(this);
  }
}

void parker::stop()
{
  stopped_ = true;
  if (auto* scheduler = seeded_scheduler::current()) {
    scheduler->wake(this);
  }
}

bool parker::is_stopped()
{
  return stopped_;
}

guest_thread::guest_thread(guest_thread&& other) noexcept
    : thread_(other.thread_), is_joinable_(std::exchange(other.is_joinable_, false))
{
}

guest_thread& guest_thread::operator=(guest_thread&& other) noexcept
{
  INTERLINK_ASSERT(!is_joinable_);
  thread_ = other.thread_;
  is_joinable_ = std::exchange(other.is_joinable_, false);
  return *this;
}

guest_thread::~guest_thread() = default;

result<guest_thread> guest_thread::start(std::size_t, std::move_only_function<void()> body)
{
  auto& scheduler = *seeded_scheduler::current();
  if (scheduler.chance(refuse_threads_one_in)) {
    return fail(errc::spawn_failed, "the system refused a thread: by the seed");
  }
  guest_thread started;
  started.thread_ = scheduler.start("guest", std::move(body));
  started.is_joinable_ = true;
  return started;
}

bool guest_thread::is_current()
{
  const auto* scheduler = seeded_scheduler::current();
  return scheduler != nullptr && scheduler->runs_guest();
}

void guest_thread::join()
{
  INTERLINK_ASSERT(is_joinable_);
  auto& scheduler = *seeded_scheduler::current();
  while (!scheduler.has_ended(static_cast<std::uint32_t>(thread_))) {
    scheduler.block(this, scheduler.now() + std::chrono::microseconds(100));
  }
  is_joinable_ = false;
}

} // namespace interlink

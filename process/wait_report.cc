// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/wait_report.hh"

#include "groups/instance_group.hh"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

namespace interlink {

namespace {

// Bounds of one report: what a person reads, and what a process of thousands of threads may print.
constexpr std::size_t threads_shown = 32;
constexpr std::size_t events_shown = 8;
constexpr std::size_t frames_shown = 16;
constexpr std::size_t holders_shown = 8;

void add_events(std::string& text, std::string_view actor, const event_ring& ring, const event_ages& ages)
{
  const std::vector<event> events = ring.last(events_shown);
  if (events.empty()) {
    return;
  }
  text += fmt::format("\n    {} ({} in all):", actor, ring.written());
  for (const event& recorded : events) {
    text +=
        fmt::format("\n      {:.3f} ms ago: {}",
                    std::chrono::duration<double, std::milli>(ages.of(recorded.ticks)).count(), to_string(recorded));
  }
}

} // namespace

std::string describe_turn(const coordinator& coordination)
{
  const std::vector<event> events = coordination.events().last(events_shown);
  for (auto recorded = events.rbegin(); recorded != events.rend(); ++recorded) {
    if (recorded->kind == event_kind::receive) {
      return fmt::format("its turn in the coordinator has not come; the newest there is {} of thread {}, {} ms ago",
                         to_string(recorded->request), recorded->peer.value, since(recorded->ticks).count());
    }
  }
  return "its turn in the coordinator has not come";
}

void add_frames(std::string& text, const thread_report& thread)
{
  if (thread.frames.empty()) {
    text +=
        "\n    its guest frames are unknown: it keeps them when it enters or leaves a host call, or is about to wait "
        "in a constructor, and has done neither since it was asked";
    return;
  }
  text += fmt::format("\n    its guest frames {} ms ago:", thread.since_frames.count());
  for (std::size_t i = 0; i < std::min(frames_shown, thread.frames.size()); ++i) {
    text += fmt::format("\n      {}: {}", i, to_string(thread.frames[i]));
  }
}

void add_holders(std::string& text, const coordinator& coordination, const thread_table& threads,
                 const linker_wait& wait)
{
  const linker_wait* at = &wait;
  std::vector<std::shared_ptr<instance_group>> seen; // keeps what `at` points to
  while (seen.size() < holders_shown) {
    const auto holder = at->holder.load();
    if (holder == nullptr) {
      text += "\n  " + describe_turn(coordination);
      return;
    }
    const auto group = threads.find(holder->group);
    text += "\n  " + to_string(*holder);
    if (group == nullptr) {
      text += holder->group == no_group ? "" : ", which has ended";
      return;
    }
    const thread_report thread = describe_thread(*group);
    text += "\n    " + to_string(thread);
    add_frames(text, thread);
    if (thread.linker_wait.empty() || std::ranges::find(seen, group) != seen.end()) {
      return;
    }
    seen.push_back(group);
    at = &group->wait_in_linker();
  }
}

std::optional<held_calls> calls_held_up_by(const instance_group& group)
{
  const char* const function = group.in_embedder_function.name.load(std::memory_order_acquire);
  const std::size_t waiting = function == nullptr ? 0 : group.calls.waiting();
  if (waiting == 0) {
    return std::nullopt;
  }
  const auto inside = event_clock::since(group.in_embedder_function.entered.load(std::memory_order_relaxed));
  return held_calls{function, std::chrono::duration_cast<std::chrono::milliseconds>(inside), waiting};
}

std::string describe(const held_calls& held, group_id holder)
{
  return fmt::format(
      "thread {} has been in host function {} for {} ms, and {} of the embedder's operations on its group {} "
      "for its return; if it waits for one of them, it does so for ever: a host function calls its guest "
      "through the group that it is given",
      holder.value, held.function, held.since.count(), held.count, held.count == 1 ? "waits" : "wait");
}

std::string describe_wait(const coordinator& coordination, const thread_table& threads, group_id waiter,
                          const linker_wait& wait, std::chrono::milliseconds waited)
{
  const char* what = wait.what.load(std::memory_order_relaxed);
  std::string text = waiter == no_group ? std::string("the embedder") : fmt::format("thread {}", waiter.value);
  text += fmt::format(" has waited {} ms for {}", waited.count(), what == nullptr ? "nothing" : what);
  add_holders(text, coordination, threads, wait);
  const std::vector<thread_report> reports = threads.report();
  const std::size_t shown = std::min(threads_shown, reports.size());
  text += fmt::format("\n  threads ({}):", reports.size());
  for (std::size_t i = 0; i < shown; ++i) {
    text += "\n    " + to_string(reports[i]);
  }
  if (coordination.events().is_on()) {
    const event_ages ages; // read before the events: what comes meanwhile is 0 ms old
    text += "\n  last events, newest last:";
    add_events(text, "coordinator", coordination.events(), ages);
    for (std::size_t i = 0; i < shown; ++i) {
      if (const auto group = threads.find(reports[i].group)) {
        add_events(text, fmt::format("thread {}", group->id().value), group->events().ring(), ages);
      }
    }
  }
  return text;
}

} // namespace interlink

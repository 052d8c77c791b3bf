// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/thread_report.hh"

#include "groups/instance_group.hh"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace interlink {

std::chrono::milliseconds since(std::uint64_t ticks)
{
  return std::chrono::duration_cast<std::chrono::milliseconds>(event_clock::since(ticks));
}

std::string to_string(const wait_holder& holder)
{
  static constexpr std::array<std::string_view, 3> names{"load", "constructor", "close"};
  const std::string_view what = names.at(static_cast<std::size_t>(holder.what));
  std::string text = fmt::format("{} of {}", what, holder.library);
  if (holder.load != no_load) {
    text += fmt::format(" ({} {})", what, holder.load.value);
  }
  if (holder.group != no_group) {
    text += fmt::format(", held by thread {}", holder.group.value);
  }
  return text;
}

thread_report describe_thread(const instance_group& group)
{
  thread_report report;
  report.group = group.id();
  if (const char* waiting_in = group.waiting_in.load(std::memory_order_relaxed)) {
    report.waiting_in = waiting_in;
  }
  const linker_wait& wait = group.wait_in_linker();
  if (const char* what = wait.what.load(std::memory_order_relaxed)) {
    report.linker_wait = what;
    report.linker_waited = since(wait.since.load(std::memory_order_relaxed));
    if (const auto holder = wait.holder.load()) {
      report.linker_wait += ": " + to_string(*holder);
    }
    report.waiting_in = what;
  }
  const last_call::reading called = group.called_last();
  if (called.name != nullptr) {
    report.last_call = called.name;
    report.is_in_call = called.is_inside;
    report.since_call = since(called.entered);
  }
  if (const auto shown = group.frames()) {
    report.frames = shown->frames;
    report.since_frames = since(shown->seen);
  }
  return report;
}

std::string to_string(const thread_report& thread)
{
  std::string state = thread.is_in_call ? "" : "computes";
  if (!thread.linker_wait.empty()) {
    state = fmt::format("waits since {} ms for {}", thread.linker_waited.count(), thread.linker_wait);
  } else if (!thread.waiting_in.empty()) {
    state = "waits in " + thread.waiting_in;
  }
  std::string call;
  if (!thread.last_call.empty()) {
    call = fmt::format("{} {}, entered {} ms ago", thread.is_in_call ? "in host call" : "last host call",
                       thread.last_call, thread.since_call.count());
  }
  return fmt::format("thread {}: {}{}{}", thread.group.value, state, state.empty() || call.empty() ? "" : "; ", call);
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/process_report.hh"

#include "groups/instance_group.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "process/process_core.hh"
#include "process/wait_report.hh"

namespace interlink {

namespace {

/// Far above what a woken thread needs on a loaded machine; one that computes does not answer at all.
constexpr std::chrono::milliseconds patience_for_frames{200};
constexpr std::chrono::milliseconds patience_for_coordinator{500};
constexpr std::chrono::milliseconds pause{2};
constexpr std::size_t items_shown = 16;
constexpr std::size_t report_stack_bytes = std::size_t{256} << 10;

using groups = std::vector<std::shared_ptr<instance_group>>;

/// Has every thread that waits keep its frames, and waits until all have, or do not.
void collect_frames(const groups& alive)
{
  const std::uint64_t asked = event_clock::now();
  for (const auto& group : alive) {
    group->ask_for_frames();
    group->wake_waits();
  }
  parker at;
  const auto deadline = parker::clock::now() + patience_for_frames;
  const auto has_answered = [asked](const std::shared_ptr<instance_group>& group) {
    const auto shown = group->frames();
    return shown != nullptr && shown->seen >= asked;
  };
  while (!std::ranges::all_of(alive, has_answered) && parker::clock::now() < deadline) {
    at.park(parker::clock::now() + pause);
  }
}

/// "a, b, c and 4 more".
template <class Item, class ToText>
std::string list_of(const std::vector<Item>& items, ToText to_text)
{
  std::string text;
  for (std::size_t i = 0; i < std::min(items.size(), items_shown); ++i) {
    text += (i == 0 ? "" : ", ") + to_text(items[i]);
  }
  return items.size() > items_shown ? fmt::format("{} and {} more", text, items.size() - items_shown) : text;
}

template <class Item, class ToText>
void add_list(std::string& text, std::string_view what, const std::vector<Item>& items, ToText to_text)
{
  if (!items.empty()) {
    text += fmt::format("\n    {}: {}", what, list_of(items, to_text));
  }
}

void add_coordinator(std::string& text, process_core& process)
{
  const auto view =
      process.coordination().inspect(*process.inspections, parker::clock::now() + patience_for_coordinator);
  if (!view) {
    text += "\n  coordinator: does not answer; " + describe_turn(process.coordination());
    return;
  }
  text +=
      fmt::format("\n  coordinator: operation {} is published; {} modules in {} groups; {} slots of the function table",
                  view->version.value, view->modules, view->groups, view->table_slots);
  if (const auto& memory = process.environment.linked_memory) {
    text += fmt::format("; {} KiB of linear memory", memory->size_bytes() >> 10);
  }
  const auto load = [](const coordinator_view::load& each) {
    return fmt::format("{} of {} by thread {}", each.id.value, each.library, each.group.value);
  };
  add_list(text, "loads in flight", view->loads, load);
  add_list(text, "closes under way", view->closes, load);
  add_list(text, "requests that wait", view->parked, [](const coordinator_view::parked_request& each) {
    return fmt::format("{} of thread {}", to_string(each.request), each.from.value);
  });
  add_list(text, "operations not applied by all", view->unsettled,
           [](const coordinator_view::unsettled_operation& each) {
             return fmt::format("{} ({} to go)", each.version.value, each.pending);
           });
}

} // namespace

std::string describe_process(process_core& process)
{
  const groups alive = process.threads.alive();
  collect_frames(alive);
  const auto age = std::chrono::duration<double>(schedule_clock::now() - process.recorder->began().time);
  std::string text =
      fmt::format("{}, {:.3f} s after its start: {} threads", process.program().file.path, age.count(), alive.size());
  add_coordinator(text, process);
  for (const auto& group : alive) {
    const thread_report thread = describe_thread(*group);
    text += "\n  " + to_string(thread);
    add_frames(text, thread);
    if (!thread.linker_wait.empty()) {
      add_holders(text, process.coordination(), process.threads, group->wait_in_linker());
    }
  }
  return text;
}

result<void> start_report(std::shared_ptr<process_core> process, std::function<void(const std::string&)> done)
{
  auto thread =
      guest_thread::start(report_stack_bytes, [process = std::move(process), done = std::move(done)]() mutable {
        done(describe_process(*process));
        process.reset();
      });
  return thread ? result<void>{} : fail(std::move(thread.error()));
}

} // namespace interlink

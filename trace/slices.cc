// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/slices.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

namespace interlink::trace {

namespace {

slice slice_from(const recorded_event& event)
{
  return {.actor = event.actor,
          .kind = event.kind,
          .request = event.request,
          .note = event.note,
          .subject = event.subject,
          .message = event.message,
          .cause = event.cause,
          .peer = event.peer,
          .name = event.name,
          .begin = event.time,
          .end = {}};
}

void end_slice(slice& begun, const recorded_event& ended)
{
  begun.end = ended.time;
  begun.note = ended.note == event_note::none ? begun.note : ended.note;
  begun.subject = ended.subject == 0 ? begun.subject : ended.subject;
}

} // namespace

std::vector<slice> slices_of(const recorded_trace& trace)
{
  std::vector<slice> slices;
  std::map<std::tuple<group_id, event_kind, std::uint32_t>, std::size_t> begun;
  for (const recorded_event& event : trace.events) {
    const bool is_request = event.actor != no_group && event.message != 0 && event.phase == event_phase::instant;
    if (event.phase == event_phase::begin || (is_request && event.kind == event_kind::send)) {
      begun[{event.actor, event.kind, event.message}] = slices.size();
      slices.push_back(slice_from(event));
    } else if (event.phase == event_phase::end || (is_request && event.kind == event_kind::receive)) {
      const event_kind kind = is_request ? event_kind::send : event.kind;
      if (const auto found = begun.find({event.actor, kind, event.message}); found != begun.end()) {
        end_slice(slices[found->second], event);
        begun.erase(found);
      }
    }
  }
  return slices;
}

std::string what_lasted(const slice& each)
{
  if (each.kind == event_kind::send) {
    return "request " + std::string(to_string(each.request));
  }
  return std::string(each.kind == event_kind::receive ? "turn" : to_string(each.kind));
}

std::string title_of(const slice& each)
{
  std::string title = what_lasted(each);
  if (each.kind == event_kind::receive) {
    title += fmt::format(": {} of thread {}", to_string(each.request), each.peer.value);
  }
  if (each.kind == event_kind::wait) {
    title += " for " + each.name;
  } else if (!each.name.empty()) {
    title += " " + each.name;
  } else if (each.kind == event_kind::catch_up) {
    title += fmt::format(" to operation {}", each.subject);
  }
  if (each.note != event_note::none) {
    title += fmt::format(" ({})", to_string(each.note));
  }
  return title;
}

slice_tree tree_of(const std::vector<slice>& slices)
{
  // A request's slice and the coordinator's turn have the same message: the turn follows from the request.
  std::unordered_map<std::uint32_t, std::size_t> by_message;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (slices[i].kind != event_kind::receive) {
      by_message.emplace(slices[i].message, i);
    }
  }
  slice_tree tree{.children = std::vector<std::vector<std::size_t>>(slices.size()), .roots = {}};
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const std::uint32_t cause = slices[i].kind == event_kind::receive ? slices[i].message : slices[i].cause;
    const auto found = by_message.find(cause);
    if (cause == 0 || found == by_message.end() || found->second == i) {
      tree.roots.push_back(i);
    } else {
      tree.children[found->second].push_back(i);
    }
  }
  return tree;
}

std::string duration_text(std::uint64_t nanoseconds)
{
  const auto value = static_cast<double>(nanoseconds);
  return nanoseconds < 1'000       ? fmt::format("{} ns", nanoseconds)
         : nanoseconds < 1'000'000 ? fmt::format("{:.1f} us", value / 1e3)
         : value < 1e9             ? fmt::format("{:.1f} ms", value / 1e6)
                                   : fmt::format("{:.2f} s", value / 1e9);
}

} // namespace interlink::trace

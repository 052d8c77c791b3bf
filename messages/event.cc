// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/event.hh"

#include <array>
#include <cstddef>

namespace interlink {

namespace {

constexpr std::array<std::string_view, 13> kind_names{"send",     "receive", "prepare",    "commit", "publish",
                                                      "catch up", "apply",   "initialise", "settle", "roll back",
                                                      "spawn",    "exit",    "watchdog"};

constexpr std::array<std::string_view, 17> request_names{"prepare_load",
                                                         "commit_load",
                                                         "abandon_load",
                                                         "await_load",
                                                         "add_memory",
                                                         "next_constructor",
                                                         "assign_slot",
                                                         "bind_lazy",
                                                         "allocate_slots",
                                                         "join",
                                                         "leave",
                                                         "close",
                                                         "unload",
                                                         "pin",
                                                         "closure",
                                                         "stop",
                                                         ""};

/// What `event::subject` is the number of; empty when the kind has none.
std::string_view subject_name(event_kind kind)
{
  switch (kind) {
  case event_kind::commit:
  case event_kind::publish:
  case event_kind::apply:
  case event_kind::settle:
    return "operation";
  case event_kind::catch_up:
    return "to operation";
  case event_kind::prepare:
  case event_kind::roll_back:
    return "load";
  case event_kind::initialise:
    return "module";
  default:
    return {};
  }
}

} // namespace

std::string_view to_string(event_kind kind)
{
  return kind_names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(request_kind kind)
{
  return request_names.at(static_cast<std::size_t>(kind));
}

std::string to_string(const event& recorded)
{
  std::string text(to_string(recorded.kind));
  const auto append = [&text](std::string_view before, std::string_view value) {
    text.append(before).append(value);
  };
  if (recorded.request != request_kind::none) {
    append(" ", to_string(recorded.request));
  }
  if (const std::string_view subject = subject_name(recorded.kind); !subject.empty() && recorded.subject != 0) {
    append(" ", subject);
    append(" ", std::to_string(recorded.subject));
  }
  if (recorded.peer != no_group) {
    append(recorded.kind == event_kind::send      ? " to thread "
           : recorded.kind == event_kind::receive ? " of thread "
                                                  : " thread ",
           std::to_string(recorded.peer.value));
  }
  if (recorded.message != 0) {
    append(", message ", std::to_string(recorded.message));
  }
  if (recorded.cause != 0 && recorded.cause != recorded.message) {
    append(", because of ", std::to_string(recorded.cause));
  }
  return text;
}

} // namespace interlink

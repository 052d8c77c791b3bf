// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/event.hh"

#include <array>
#include <cstddef>

namespace interlink {

namespace {

constexpr std::array<std::string_view, event_kind_count> kind_names{
    "send",    "receive", "prepare",   "commit", "publish", "catch up", "apply",    "initialise", "settle", "roll back",
    "spawn",   "exit",    "watchdog",  "open",   "read",    "compile",  "rehearse", "construct",  "close",  "handler",
    "look up", "call",    "host call", "wait",   "hold",    "signal",   "slots",    "memory"};

constexpr std::array<std::string_view, 18> request_names{
    "prepare_load", "commit_load", "abandon_load",   "await_load", "add_memory", "next_constructor",
    "assign_slot",  "bind_lazy",   "allocate_slots", "join",       "leave",      "close",
    "unload",       "pin",         "closure",        "stop",       "inspect",    ""};

constexpr std::array<std::string_view, 3> phase_names{"", "begin", "end"};

constexpr std::array<std::string_view, event_note_count> note_names{"",
                                                                    "failed",
                                                                    "cached",
                                                                    "constructor",
                                                                    "load_modules",
                                                                    "resolve_function",
                                                                    "allocate_function_table",
                                                                    "unload_modules",
                                                                    "set_closures",
                                                                    "stop_process"};

constexpr std::array<std::string_view, 7> subject_names{"", "operation", "load", "module", "handle", "signal", ""};

} // namespace

std::string_view to_string(event_kind kind)
{
  return kind_names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(request_kind kind)
{
  return request_names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(event_phase phase)
{
  return phase_names.at(static_cast<std::size_t>(phase));
}

std::string_view to_string(event_note note)
{
  return note_names.at(static_cast<std::size_t>(note));
}

event_subject subject_of(event_kind kind)
{
  switch (kind) {
  case event_kind::send:
  case event_kind::commit:
  case event_kind::publish:
  case event_kind::catch_up:
  case event_kind::apply:
  case event_kind::settle:
  case event_kind::call:
  case event_kind::spawn:
    return event_subject::operation;
  case event_kind::prepare:
  case event_kind::roll_back:
  case event_kind::rehearse:
  case event_kind::hold:
    return event_subject::load;
  case event_kind::initialise:
  case event_kind::construct:
  case event_kind::handler:
    return event_subject::module;
  case event_kind::open:
  case event_kind::close:
  case event_kind::look_up:
    return event_subject::handle;
  case event_kind::signal:
    return event_subject::signal;
  case event_kind::slots:
  case event_kind::memory:
    return event_subject::count;
  default:
    return event_subject::none;
  }
}

std::string_view to_string(event_subject subject)
{
  return subject_names.at(static_cast<std::size_t>(subject));
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
  if (recorded.subject != 0) {
    append(recorded.kind == event_kind::catch_up ? " to "
           : recorded.kind == event_kind::call   ? " at "
                                                 : " ",
           to_string(subject_of(recorded.kind)));
    append(" ", std::to_string(recorded.subject));
  }
  if (recorded.note != event_note::none) {
    append(" ", to_string(recorded.note));
  }
  if (recorded.phase != event_phase::instant) {
    append(" ", to_string(recorded.phase));
  }
  if (recorded.kind == event_kind::commit && recorded.peer != no_group) {
    append(" for ", std::to_string(recorded.peer.value) + " groups");
  } else if (recorded.peer != no_group) {
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

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an actor records of itself: events of a fixed size, plain values. The reader of a ring knows
// whose it is, so an event does not name its own actor.
#pragma once

#include "messages/ids.hh"

#include <cstdint>
#include <string>
#include <string_view>

namespace interlink {

enum class event_kind : std::uint8_t {
  send,       ///< a message leaves: a request, or the coordinator's reply to it
  receive,    ///< a message has come, and is handled now
  prepare,    ///< a load has its claims and its plan
  commit,     ///< an operation entered the log: it cannot fail any more
  publish,    ///< an operation can be seen by every group
  catch_up,   ///< a group goes up to a version
  apply,      ///< a group has carried an operation out
  initialise, ///< a group runs a constructor, or an open start function
  settle,     ///< the last group has carried an operation out
  roll_back,  ///< a load is abandoned, or taken out of a store again
  spawn,      ///< a group has come to be
  exit,       ///< a group has left
  watchdog,   ///< a wait has lasted too long, and is reported
};

/// Requests to the coordinator, in the order of `coordinator_request_body`.
enum class request_kind : std::uint8_t {
  prepare_load,
  commit_load,
  abandon_load,
  await_load,
  add_memory,
  next_constructor,
  assign_slot,
  bind_lazy,
  allocate_slots,
  join,
  leave,
  close,
  unload,
  pin,
  closure,
  stop,
  none, ///< the event is about no request
};

/// One event. 32 bytes, as the rings hold them. Context: a value.
struct event {
  std::uint64_t ticks{};   ///< when, by actors/event_clock.hh; the ring sets it
  std::uint64_t subject{}; ///< an operation's version for commit, publish, catch_up, apply and settle; a load's id for
                           ///< prepare and roll_back; a module's for initialise
  std::uint32_t message{}; ///< id of the message that is sent or received; counted per process, 0 is none
  std::uint32_t cause{};   ///< the message that led to this event; 0 when none did
  group_id peer{};         ///< the other actor: who sent, who is answered, who was spawned or left
  event_kind kind{};
  request_kind request = request_kind::none;
  std::uint16_t unused{};

  friend bool operator==(const event&, const event&) = default;
};

static_assert(sizeof(event) == 32);

std::string_view to_string(event_kind kind);
std::string_view to_string(request_kind kind);

/// For a person, without the time: "receive next_constructor of thread 3, message 17".
std::string to_string(const event& recorded);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an actor records of itself: events of a fixed size, plain values. The reader of a ring knows
// whose it is, so an event does not name its own actor.
#pragma once

#include "messages/ids.hh"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace interlink {

/// Those marked (slice) last: a begin and an end, with the same `message`, enclose what the actor does meanwhile.
enum class event_kind : std::uint8_t {
  send,       ///< a message leaves: a request, or the coordinator's reply to it, with the version published by then
  receive,    ///< a message has come, and is handled now: the coordinator's is a turn (slice, when traced)
  prepare,    ///< a load has its claims and its plan
  commit,     ///< an operation entered the log: it cannot fail any more; `peer` is how many groups are to apply it
  publish,    ///< an operation can be seen by every group
  catch_up,   ///< a group goes up to a version (slice)
  apply,      ///< a group has carried an operation out
  initialise, ///< a group runs a constructor, or an open start function (slice)
  settle,     ///< the last group has carried an operation out
  roll_back,  ///< a load is abandoned, or taken out of a store again
  spawn,      ///< a group has come to be
  exit,       ///< a group has left
  watchdog,   ///< a wait has lasted too long, and is reported
  open,       ///< a library is opened (slice)
  read,       ///< the files of a load are found, read, parsed and compiled (slice)
  compile,    ///< one module is compiled (slice), or was before
  rehearse,   ///< a load is carried out in the store of its requester (slice)
  construct,  ///< the constructors of a load are run or waited for (slice)
  close,      ///< a library is closed (slice)
  handler,    ///< a handler that a library has registered runs (slice)
  look_up,    ///< a symbol is looked up (slice)
  call,       ///< the host calls the guest (slice)
  host_wait,  ///< a host call that can wait (slice)
  wait,       ///< a group waits in the linker (slice)
  hold,       ///< the coordinator parks a request; `peer` holds what it waits for
  signal,     ///< a signal is delivered to the guest
  slots,      ///< the function table has this length
  memory,     ///< the linear memory has this many pages of 64 KiB
};

inline constexpr std::size_t event_kind_count = 28;

enum class event_phase : std::uint8_t { instant, begin, end };

/// More about an event, each of some kinds only.
enum class event_note : std::uint8_t {
  none,
  failed,       ///< end of open, read, rehearse, construct, look_up, call
  cached,       ///< compile: the code was there
  constructor,  ///< initialise: not a start function
  load_modules, ///< commit, and the following: which operation, in the order of `operation_body`
  resolve_function,
  allocate_function_table,
  unload_modules,
  set_closures,
  stop_process,
};

inline constexpr std::size_t event_note_count = 10;

/// What `event::subject` is the number of.
enum class event_subject : std::uint8_t { none, operation, load, module, handle, signal, count };

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
  inspect,
  none, ///< the event is about no request
};

/// One event. 32 bytes, as the rings hold them. Counts are modulo 2^32. Context: a value.
struct event {
  std::uint64_t ticks{};   ///< when, by actors/event_clock.hh; the ring sets it
  std::uint32_t subject{}; ///< what `subject_of` the kind says
  std::uint32_t name{};    ///< number of a name in the process's `event_recorder`; 0 is none
  std::uint32_t
      message{}; ///< id of the message that is sent or received, or of the slice; counted per process, 0 is none
  std::uint32_t cause{}; ///< the message or slice that led to this event; 0 when none did
  group_id peer{};       ///< the other actor: who sent, who is answered, who was spawned or left
  event_kind kind{};
  request_kind request = request_kind::none;
  event_phase phase{};
  event_note note{};

  friend bool operator==(const event&, const event&) = default;
};

static_assert(sizeof(event) == 32);

std::string_view to_string(event_kind kind);
std::string_view to_string(request_kind kind);
std::string_view to_string(event_phase phase);
std::string_view to_string(event_note note);

event_subject subject_of(event_kind kind);

/// Empty for none and for a plain count.
std::string_view to_string(event_subject subject);

/// For a person, without the time: "receive next_constructor of thread 3, message 17".
std::string to_string(const event& recorded);

} // namespace interlink

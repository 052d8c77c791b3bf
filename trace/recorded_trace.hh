// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A trace in memory: what the actors of one process recorded, as a reader has it, with times since the start and names
// in place of numbers. A value; everything in this folder is a function from it, or to it.
#pragma once

#include "messages/event.hh"
#include "messages/ids.hh"

#include <cstdint>
#include <string>
#include <vector>

namespace interlink::trace {

/// Raised when a reader of an older one would misread a newer one. docs/traces.md.
inline constexpr std::uint32_t schema_version = 1;
inline constexpr const char* schema_name = "interlink-trace";

/// The first line of a trace.
struct header {
  std::uint32_t version = schema_version;
  std::string process; ///< path of the program
  std::string began;   ///< when time 0 was, by the calendar: ISO 8601 in UTC; empty when unknown
  std::string clock = "nanoseconds since the start of the recording";

  friend bool operator==(const header&, const header&) = default;
};

/// One event of one actor. What `event` says of subject, message, cause and peer holds here.
struct recorded_event {
  group_id actor;       ///< `no_group` is the coordinator
  std::uint64_t time{}; ///< nanoseconds
  event_kind kind{};
  event_phase phase{};
  request_kind request = request_kind::none;
  event_note note{};
  std::uint32_t subject{}; ///< of what: `subject_of(kind)`
  std::uint32_t message{};
  std::uint32_t cause{};
  group_id peer{};
  std::string name{}; ///< library, symbol or host call; empty when the event has none

  friend bool operator==(const recorded_event&, const recorded_event&) = default;
};

/// Events that an actor's buffer had no room for, between its event before and its event after.
struct recorded_drop {
  group_id actor;
  std::uint64_t time{}; ///< when it was noticed
  std::uint64_t count{};

  friend bool operator==(const recorded_drop&, const recorded_drop&) = default;
};

struct recorded_trace {
  header head;
  std::vector<recorded_event> events; ///< by time; of one actor in the order in which it wrote them
  std::vector<recorded_drop> drops;
  bool is_whole{}; ///< the recording was ended, not cut off

  friend bool operator==(const recorded_trace&, const recorded_trace&) = default;
};

/// Who an event is of. Loader and watchdog work on the thread that needs them, and what they do is recorded there.
enum class actor_role : std::uint8_t { coordinator, thread, loader, watchdog };

actor_role role_of(group_id actor, event_kind kind);

/// "coordinator", "thread 3", "loader 3".
std::string name_of_actor(group_id actor, actor_role role = actor_role::thread);

/// For a person, one line: "1.250 ms thread 3: open begin, message 7, of libx.so".
std::string to_text(const recorded_event& event);

/// The same of what is missing.
std::string to_text(const recorded_drop& drop);

/// By time, keeping the order of each actor's: a writer takes the actors' buffers one after the other.
void sort_by_time(recorded_trace& trace);

} // namespace interlink::trace

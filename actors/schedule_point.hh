// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a simulation may let another thread run, and the clock that waits are measured by. In a normal build all of
// this is nothing, and the clock is the steady one. With INTERLINK_SIMULATION defined, tests/simulation provides the
// functions and chooses who runs next by a seed; it compiles actors/ and groups/ once more for that. With
// INTERLINK_SCHEDULE_HOOK, a test on real threads provides the function.
//
// A point stands between two steps that other threads may see apart from each other. None stands where a lock is held.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace interlink {

/// What the running thread is about to do, or has just done.
enum class schedule_place : std::uint8_t {
  send,            ///< about to push a message
  sent,            ///< has pushed it to a running drainer
  turn_begins,     ///< about to handle a message
  turn_ends,       ///< has handled it; its reply has not left
  batch_ends,      ///< has published and replied; the mailbox still counts as busy
  handed_over,     ///< has given the drainer's duty to the background
  snapshot_stored, ///< readers find the new snapshot, and the old head
  snapshot_read,   ///< knows a snapshot, and not whether the head is as new
  head_read,       ///< knows the head, and has not raised it
  head_raised,     ///< the head is as new as the snapshot
  reply,           ///< about to answer one message
  lane_read,       ///< knows the head, has not stored it in its lane
  lane_stored,     ///< has not read the snapshot yet
  target_read,     ///< knows the snapshot to reach
  operation,       ///< about to carry out the next operation
  operation_taken, ///< has carried it out; cursor and count are behind
  applied,         ///< has carried all out; its instances' checks do not know yet
  initialiser,     ///< about to run an open initialiser
  lane_clearing,   ///< about to clear its lane
  left,            ///< out of the roster, its shares not completed
  count_read,      ///< knows how many handles a library has, and has not changed that
  count_changed,   ///< has changed it without a turn
  file_found,      ///< has found a library's file, and not read it
};

#ifdef INTERLINK_SIMULATION

/// So few that hand-overs happen.
inline constexpr std::size_t drain_bound_default = 3;

/// May run other threads before it returns.
void schedule_point(schedule_place place);

/// Time that passes only when the simulation says so.
struct schedule_clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<schedule_clock>;
  static constexpr bool is_steady = true;

  static time_point now();
};

#else

/// Messages that a sender handles for others before it hands its duty over. Chosen: far above what comes while one turn
/// lasts.
inline constexpr std::size_t drain_bound_default = 64;

#ifdef INTERLINK_SCHEDULE_HOOK
/// Holds threads up between two steps, in a test on the real engine; the test defines it. Context: any thread.
void schedule_point(schedule_place place);
#else
inline void schedule_point(schedule_place) {}
#endif

using schedule_clock = std::chrono::steady_clock;

#endif

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What threads of a simulation do, what the protocol does for them, and the faults that a seed injects. Counted, so
// that a test can assert that a number of seeds has shown every kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace interlink::simulation {

enum class happening : std::uint8_t {
  // Guest code.
  opens,
  fails_to_open,
  opens_in_constructor,
  opens_in_start,
  opens_in_destructor,
  looks_up,
  looks_up_in_global_scope,
  stores_index,
  calls_index,
  loads_and_calls,
  spins,
  calls_in_start,
  calls_weak_function,
  finds_weak_function_missing,
  finds_weak_data,
  finds_weak_data_missing,
  waits,
  is_woken,
  waits_in_constructor_for_opener,
  spawns,
  exits,
  traps,
  traps_in_missing_weak_function,
  begins_close,
  unloads,
  pins,
  runs_pinned_after_close,
  // The protocol.
  waits_for_load,
  waits_for_constructor,
  waits_for_close,
  counts_without_turn,
  makes_new_incarnation,
  takes_over_constructor,
  reuses_memory,
  reuses_slot,
  skips_closed_load,
  // Faults.
  instantiation_refused_to_requester,
  instantiation_refused_to_follower,
  table_growth_refused_to_requester,
  table_growth_refused_to_follower,
  memory_growth_refused_to_opener,
  memory_growth_refused_to_spawner,
  store_refused,
  thread_refused,
  file_vanishes_before_it_is_read,
  dies_before_rehearsal,
  dies_rehearsing,
  dies_before_commit,
  dies_in_constructor,
  dies_between_turns_of_close,
  group_is_lost_applying,
  process_ends_applying,
  posts,
  meets_full_mailbox,
  passes_deadline_for_constructor,
  passes_deadline_for_load_or_close,
  is_cancelled,
  is_stopped,
  count
};

inline constexpr std::size_t happenings = static_cast<std::size_t>(happening::count);

/// In the order of the enumerators, as reports show them.
inline constexpr auto happening_names = std::to_array<const char*>({
    "opens",
    "opens that fail",
    "opens in a constructor",
    "opens in a start function",
    "opens in a destructor",
    "look-ups",
    "look-ups in the global scope",
    "indices stored to memory",
    "calls through an index",
    "calls through an index that is loaded from memory",
    "spins until an index changes",
    "indirect calls in a start function",
    "calls of a weak function",
    "weak functions that nobody defines",
    "weak data",
    "weak data that nobody defines",
    "waits in the guest",
    "waits in the guest that are woken",
    "waits in a constructor for a thread that opens",
    "spawns",
    "exits of a thread",
    "traps",
    "traps in a weak function that nobody defines",
    "closes that begin",
    "closes that end",
    "pins by thread-local objects",
    "pinned functions that run after their library's last close",
    "waits for a load",
    "waits for a constructor",
    "waits for a close",
    "handles taken or given back without a turn",
    "new incarnations beside a closing one",
    "constructors taken over",
    "modules on memory that had another owner",
    "slots that had another owner",
    "loads that a laggard skips, as they are closed",
    "instantiations refused to a requester",
    "instantiations refused to a follower",
    "table growths refused to a requester",
    "table growths refused to a follower",
    "memory growths refused to an opener",
    "memory growths refused to a spawner",
    "stores refused",
    "threads refused",
    "files that vanish before they are read",
    "deaths before a rehearsal",
    "deaths in a rehearsal",
    "deaths between rehearsal and commit",
    "deaths in a constructor",
    "deaths between the turns of a close",
    "groups lost as they could not apply",
    "processes ended as a group could not apply",
    "posts of an embedder",
    "posts that meet a full mailbox",
    "waits for constructors that pass their deadline",
    "waits for a load or close that pass their deadline",
    "opens that are cancelled",
    "processes that are stopped",
});
static_assert(happening_names.size() == happenings);

using tally = std::array<std::uint64_t, happenings>;

} // namespace interlink::simulation

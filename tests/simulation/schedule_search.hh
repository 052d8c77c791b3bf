// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All schedules of a small world that differ in few places from the plain one, in which a thread goes on until it waits
// and the next one follows. Source: context bounding (Musuvathi and Qadeer, 2007), in its variant that also counts a
// choice at a wait (delay bounding; Emmi, Qadeer and Rakamaric, 2011): most faults of concurrency need one or two
// switches at the wrong moment, and there are few schedules with so many.
#pragma once

#include "tests/simulation/simulated_world.hh"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interlink::simulation {

/// At the n-th place of a run where another thread could go on, that one does.
struct deviation {
  std::uint32_t place{};
  std::uint32_t thread{};

  friend auto operator<=>(const deviation&, const deviation&) = default;
};

/// By ascending places.
using schedule = std::vector<deviation>;

/// As the command shows and reads it: `12:3,40:2`; empty for the plain one.
std::string text_of(const schedule& of);
/// Nothing when it is no such text.
std::optional<schedule> read_schedule(std::string_view text);

/// What is searched: one run, directed. The same decisions give the same run.
using directed_run = std::function<world_report(schedule_director& director)>;

/// A small world. `on_state` is told of the topology after each turn; `directory` as for the world.
directed_run run_of(std::uint64_t world, std::string directory, std::function<void(std::uint64_t hash)> on_state = {});

/// One schedule. `world` chooses the numbers that the script draws.
world_report run_schedule(std::uint64_t world, const directed_run& run, const schedule& only);

struct search_bounds {
  unsigned deviations = 2;
  std::uint64_t schedules =
      1'000;                    ///< of one world; beyond that, places in the protocol come before those in guest code
  std::uint64_t operations = 0; ///< a world whose plain schedule publishes or abandons fewer is passed over
  std::function<bool()> is_over = {}; ///< asked before each run
};

/// What was seen of one world.
struct search_result {
  std::uint64_t schedules{};
  std::uint64_t steps{};
  std::uint64_t operations{};
  tally happened{};
  bool is_complete = true;             ///< all schedules within the bound were run
  bool is_passed_over = false;         ///< too little happens in it
  schedule failed;                     ///< the first that failed
  std::optional<world_report> failure; ///< what it said
};

/// Runs schedules until one fails, those with fewer deviations first. `on_run` is told of each before it is run: the
/// process may not survive it.
search_result search_schedules(std::uint64_t world, const directed_run& run, const search_bounds& bounds,
                               const std::function<void(const schedule&)>& on_run = {});

} // namespace interlink::simulation

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a seed decided in a run, written down, so that parts of it can be left out and the rest be run again.
#pragma once

#include "tests/simulation/schedule_director.hh"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace interlink::simulation {

/// A run in the order of what happened.
struct run_record {
  std::map<script_place, std::uint64_t> draws;
  std::vector<std::pair<script_place, script_part>> choices; ///< who goes on where
  std::vector<script_part> steps;
};

/// Writes into memory that it shares with processes forked from its own: the record outlives a run that crashes.
/// Context: one thread in one process writes.
class shared_recorder final : public run_recorder {
public:
  shared_recorder();
  ~shared_recorder() override;

  void on_choice(script_place place, script_part next) override;
  void on_draw(script_place place, std::uint64_t drawn) override;
  void on_step(script_part step) override;

  /// What has been written so far.
  run_record record() const;

private:
  enum class entry_kind : std::uint32_t { choice, draw, step };

  struct entry {
    script_place place;
    std::uint64_t value{};
    entry_kind kind{};
  };

  struct shared_entries {
    std::atomic<std::uint64_t> count;
    entry entries[1];
  };

  void add(entry added);

  shared_entries* shared_;
};

/// Runs some steps of a record again, and some of its choices: elsewhere the thread that runs goes on, or the next one
/// when that waits. A number that the record lacks is drawn from the place alone.
/// Context: the scheduler's thread.
class replaying_director final : public schedule_director {
public:
  /// `record` outlives the director.
  replaying_director(const run_record& record, const std::vector<script_part>& steps,
                     const std::vector<std::pair<script_place, script_part>>& choices);

  std::uint32_t choose(script_place place, point_kind kind, std::uint32_t usual,
                       std::span<const able_thread> able) override;
  std::uint64_t draw(script_place place) override;

  bool takes(script_part step) override { return steps_.contains(step); }

private:
  const run_record& record_;
  std::set<script_part> steps_;
  std::map<script_place, script_part> choices_;
};

} // namespace interlink::simulation

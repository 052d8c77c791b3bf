// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small programs around the real code of actors/, each with what must hold in all of its executions.
#pragma once

#include "tests/memory_model/explorer.hh"

#include <algorithm>
#include <iterator>
#include <vector>

namespace interlink::memory_model {

struct scenario {
  const char* name;
  const char* claim;
  void (*program)(run&);
  bool counts_exactly = false;
};

std::vector<scenario> agreement_scenarios();
std::vector<scenario> actor_scenarios();

/// All of them.
inline const std::vector<scenario>& scenarios()
{
  static const std::vector<scenario> all = [] {
    std::vector<scenario> both = agreement_scenarios();
    std::ranges::copy(actor_scenarios(), std::back_inserter(both));
    return both;
  }();
  return all;
}

/// An index that leaks through a data race: right on x86, and nowhere promised.
void leak_by_a_race(run& now);

// ---- Wrong on every machine ----

void leak_before_the_publication(run& now);
void call_without_a_check(run& now);
void lane_after_the_snapshot(run& now);
void leak_from_a_snapshot_ahead_of_the_head(run& now);
void head_that_goes_back(run& now);
void head_ahead_of_its_snapshot(run& now);

} // namespace interlink::memory_model

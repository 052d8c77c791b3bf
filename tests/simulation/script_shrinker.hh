// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the shortest script that fails as a seed does: leaves out steps, and switches between threads, as long as the
// failure stays.
#pragma once

#include "tests/simulation/run_record.hh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace interlink::simulation {

/// The least that is left of `whole` when ever smaller pieces are left out as long as `still_fails(rest)`: without any
/// one of its members it no longer does. In their order. Source: delta debugging (Zeller and Hildebrandt, 2002).
template <class Member, class Predicate>
std::vector<Member> smallest_failing(std::vector<Member> whole, Predicate still_fails)
{
  std::size_t piece = std::max<std::size_t>(whole.size() / 2, 1);
  while (!whole.empty()) {
    bool has_shrunk = false;
    for (std::size_t at = 0; at < whole.size();) {
      const std::size_t end = std::min(at + piece, whole.size());
      std::vector<Member> rest(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at));
      rest.insert(rest.end(), whole.begin() + static_cast<std::ptrdiff_t>(end), whole.end());
      if (still_fails(rest)) {
        whole = std::move(rest);
        has_shrunk = true;
      } else {
        at = end;
      }
    }
    if (piece == 1 && !has_shrunk) {
      break;
    }
    piece =
        has_shrunk ? std::min(piece, std::max<std::size_t>(whole.size() / 2, 1)) : std::max<std::size_t>(piece / 2, 1);
  }
  return whole;
}

/// What is left of a seed's run.
struct shrunk_run {
  std::string failure;      ///< empty when the seed does not fail; the first sentence, or the signal
  bool is_replayed = false; ///< the record alone fails in the same way: otherwise nothing has been left out
  run_record record;        ///< of the whole run
  std::vector<script_part> steps;
  std::vector<std::pair<script_place, script_part>> choices;
  std::uint64_t trials{};
};

/// Each trial is a process of its own, for some crash. `directory` is the trials' own.
shrunk_run shrink_seed(std::uint64_t seed, const std::string& directory);

/// Runs what is left here, and prints each event.
void print_run(std::uint64_t seed, const std::string& directory, const shrunk_run& run);

} // namespace interlink::simulation

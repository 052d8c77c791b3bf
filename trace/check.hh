// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Proves a recorded run against the rules of the agreement (docs/concurrency.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

enum class run_rule : std::uint8_t {
  one_publication, ///< each operation is committed and published once, in the order of their numbers
  versions_rise,   ///< versions never go back: of replies, of catch ups, of calls
  same_order,      ///< every group applies each operation from its beginning on, in the same order
  completions,     ///< as many groups complete an operation as its commit has counted
  call_version,    ///< no call below the version that the thread must have applied
  constructors,    ///< constructors run once, dependencies first
  answers,         ///< every request is answered once
  waits,           ///< every wait ends
  order_of_actors, ///< what an actor does is nested, within its life
};

inline constexpr std::size_t run_rule_count = 9;

/// As a sentence: "every request is answered once".
std::string_view to_string(run_rule rule);

/// The first event, in causal order, that breaks a rule.
struct broken_rule {
  run_rule rule{};
  std::string problem;
  std::optional<recorded_event> event; ///< nothing: the recording ends without what must have come

  friend bool operator==(const broken_rule&, const broken_rule&) = default;
};

struct run_check {
  std::map<run_rule, std::size_t> checked; ///< how often each rule was applied
  std::optional<broken_rule> broken;       ///< nothing: all rules hold
  std::string incomplete;                  ///< why nothing can be proved; then nothing was checked
};

/// A recording may have been cut off: then its part is checked. One that lacks events in between proves nothing.
run_check check(const recorded_trace& trace);

/// For a person.
std::string to_text(const run_check& checked);

} // namespace interlink::trace

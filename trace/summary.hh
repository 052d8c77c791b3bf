// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a trace amounts to: how long each thing took, how far groups were behind, what is unsettled, what was slow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

/// Durations of one kind of thing, ascending. Nanoseconds.
struct latency {
  std::vector<std::uint64_t> sorted;

  std::size_t count() const { return sorted.size(); }

  /// Nearest rank. Pre: not empty. `share` is from 0 to 1.
  std::uint64_t quantile(double share) const;
};

struct trace_summary {
  std::size_t events{};
  std::size_t actors{};
  std::uint64_t lasted{}; ///< to the last event, nanoseconds
  bool is_whole{};
  std::uint64_t dropped{};
  std::map<std::string, latency> latencies;      ///< by what lasted: "open", "read", "prepare_load", "catch up"
  std::map<group_id, latency> lag;               ///< from the publication of an operation to its application
  std::map<std::string, std::size_t> operations; ///< published, by kind
  std::vector<std::uint32_t> unsettled;          ///< operations published and not applied by all
  std::size_t spawned{};                         ///< groups that came to be
  std::vector<std::string> slowest;              ///< opens with what they were made of, a line each; slowest first
};

trace_summary summarise(const recorded_trace& trace);

/// For a person.
std::string to_text(const trace_summary& summary);

} // namespace interlink::trace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parts of a trace: what concerns one operation, some threads, a library, a span of time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

/// What is asked for; an event must fit all that is. Context: immutable.
struct trace_filter {
  std::optional<std::uint32_t> operation;
  std::uint64_t from = 0;                                       ///< nanoseconds
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max(); ///< nanoseconds
  std::vector<group_id> threads;                                ///< empty: all
  std::string library;                                          ///< part of a path; empty: any

  bool is_everything() const;
};

/// An operation with the open or close that made it and every application; a thread with the turns that it asked for; a
/// library with all that its opens, closes and operations led to; a span with all that lasts into it.
recorded_trace filtered(const recorded_trace& trace, const trace_filter& filter);

/// As far as the event itself tells: for a trace that is still being written.
bool concerns(const recorded_event& event, const trace_filter& filter);

} // namespace interlink::trace

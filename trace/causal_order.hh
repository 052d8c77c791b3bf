// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which event of one actor came before which of another, by what the events say rather than by their times: processors
// read their clocks a little early, so times of two actors may be the wrong way round by some nanoseconds.
#pragma once

#include <cstddef>
#include <vector>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

/// For each event the places of those of other actors that directly led to it: the sending of what was received, the
/// publication of what was applied or told of, the last share before an operation settled, the beginning of a thread.
std::vector<std::vector<std::size_t>> causes_from_others(const recorded_trace& trace);

/// Places of all events, each behind the one before it of its actor and behind `causes`; otherwise by time. Where they
/// contradict each other, which no run does, time decides.
std::vector<std::size_t> causal_order(const recorded_trace& trace, const std::vector<std::vector<std::size_t>>& causes);

} // namespace interlink::trace

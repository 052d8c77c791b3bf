// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A trace in Chrome's trace event format, which Perfetto reads (ui.perfetto.dev): a track for each actor, slices,
// arrows from each request to its turn and its reply and from each publication to its applications, counters.
#pragma once

#include <string>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

/// One JSON object. Source: the Trace Event Format of Chromium's catapult.
std::string to_perfetto(const recorded_trace& trace);

} // namespace interlink::trace

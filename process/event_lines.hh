// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// INTERLINK_DEBUG=ops and actors: events as lines of text. Written by the thread that reads the recorder, for a sink
// may wait and a turn never does.
#pragma once

#include "loader/debug_log.hh"
#include "process/tracing.hh"

namespace interlink {

/// Null when neither category is on, or there is no sink.
tracing::watcher event_lines(const debug_log& log);

} // namespace interlink

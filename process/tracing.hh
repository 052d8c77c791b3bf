// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the embedder sees of a process's recorder: the flight recorder's last events at any moment, or everything, as it
// happens, written by a thread of its own. No actor waits for either; what comes faster than it is taken is dropped and
// counted. The form is docs/traces.md.
#pragma once

#include "actors/event_recorder.hh"
#include "actors/guest_thread.hh"
#include "actors/parker.hh"
#include "actors/ranked_mutex.hh"
#include "messages/error.hh"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/recorded_trace.hh"

namespace interlink {

/// Takes the text of a trace piece by piece, whole lines. What it answers with ends the recording, the program goes on.
using trace_sink = std::function<result<void>(std::string_view)>;

/// What became of a recording.
struct trace_report {
  std::uint64_t events{};       ///< written
  std::uint64_t dropped{};      ///< overwritten before they could be written
  std::optional<error> failure; ///< of the sink: nothing was written from there on
};

/// Context: any thread. Lifetime: may outlive its process.
class tracing {
public:
  /// `process` is the program's path. `watcher`, if there is one, is told of all events, in its own thread.
  tracing(std::shared_ptr<event_recorder> recorder, std::string process);
  ~tracing();

  tracing(const tracing&) = delete;
  tracing& operator=(const tracing&) = delete;

  /// Streams to the sink, which is called by one thread at a time, until `stop`: what the actors still know of the time
  /// before, then all that they do.
  /// Errors: invalid_argument when a recording is under way, or the process records nothing; spawn_failed.
  result<void> start(trace_sink sink);

  /// Ends the recording, with all that has been recorded so far. Waits for a sink that does not return, for example
  /// since nobody reads what it writes to, no longer than `patience`; the report then says so. Nothing when no
  /// recording is under way.
  std::optional<trace_report> stop(std::chrono::milliseconds patience = std::chrono::seconds(2));

  /// The flight recorder: the last events of each actor. On the calling thread. Errors: those of the sink.
  result<void> snapshot(const trace_sink& sink) const;

  /// Called with all events, in batches, by the thread that streams, from here on. Once, before others know of this.
  /// Errors: as `start`.
  using watcher = std::function<void(const trace::recorded_event&)>;
  result<void> watch(watcher each);

  /// Waits, at most `patience`, until what has been recorded so far is with the sink and the watcher.
  void flush(std::chrono::milliseconds patience = std::chrono::seconds(2));

private:
  struct state;

  std::shared_ptr<state> state_;
};

} // namespace interlink

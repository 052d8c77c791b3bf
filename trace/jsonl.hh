// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stable form of a trace, docs/traces.md: JSON, one object a line. The first says which schema it is, each further
// one is an event, a drop, or the end.
#pragma once

#include "messages/error.hh"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

// Each with its newline.
std::string to_line(const header& head);
std::string to_line(const recorded_event& event);
std::string to_line(const recorded_drop& drop);
std::string end_line(std::uint64_t time);

std::string to_jsonl(const recorded_trace& trace);

/// Reads line by line, as far as they come. Context: its owner.
class jsonl_reader {
public:
  /// One line without its newline. Errors: invalid_argument, which leaves the trace as it was.
  result<void> add(std::string_view line);

  /// Events in the order of their lines: `sort_by_time` when there are no more.
  recorded_trace& trace() { return trace_; }

private:
  recorded_trace trace_;
  std::size_t lines_ = 0;
};

/// A whole file. A last line without a newline is one that was cut off while it was written: it is left out, and the
/// trace is not whole. Errors: invalid_argument, with the line's number and what is wrong.
result<recorded_trace> read_jsonl(std::string_view text);

} // namespace interlink::trace

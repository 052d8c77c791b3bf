// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink trace`: what a trace says, and other forms of it. Uses no engine.
#pragma once

#include <string>

#include "trace/filter.hh"

namespace interlink::cli {

/// As the command line says it. Context: immutable once parsed.
struct trace_options {
  std::string file;
  std::string to; ///< form to write; empty: a summary
  bool checks{};  ///< prove it against the rules instead
  bool follows{}; ///< print events as they are written instead
  trace::trace_filter filter;
};

/// Prints to standard output. Returns 0, or 1 when the file cannot be read or is no trace, or a rule is broken, or
/// nothing can be proved.
int show_trace(const trace_options& options);

} // namespace interlink::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink trace`: what a trace says, and other forms of it. Uses no engine.
#pragma once

#include <string>

namespace interlink::cli {

/// As the command line says it. Context: immutable once parsed.
struct trace_options {
  std::string file;
  std::string to; ///< form to write; empty: a summary
};

/// Prints to standard output. Returns 0, or 1 when the file cannot be read or is no trace.
int show_trace(const trace_options& options);

} // namespace interlink::cli

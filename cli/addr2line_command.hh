// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink addr2line`: what stands at offsets of a module, as backtraces give them. Uses no engine.
#pragma once

#include <string>
#include <vector>

namespace interlink::cli {

/// As the command line says it. Context: immutable once parsed.
struct addr2line_options {
  std::string file;
  std::vector<std::string> offsets;
};

/// Prints a line for each offset to standard output. Returns 0; 1 when the file cannot be read; 2 for what is no
/// offset.
int show_places(const addr2line_options& options);

} // namespace interlink::cli

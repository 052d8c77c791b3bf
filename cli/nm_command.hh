// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink nm`: prints the symbols of modules. Uses no engine.
#pragma once

#include <string>
#include <vector>

namespace interlink::cli {

/// As the command line says it. Context: immutable once parsed.
struct nm_options {
  std::vector<std::string> files;
  bool undefined_only{};
  bool defined_only{};
  bool dynamic{}; ///< accepted because nm has it: all symbols of a module are dynamic ones
};

/// Prints to standard output. Returns 0, or 1 when a file cannot be read: the others are printed all the same.
int list_symbols_of_files(const nm_options& options);

} // namespace interlink::cli

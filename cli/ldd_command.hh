// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink ldd`: prints what a program or library needs and where it is found, or the whole plan of loading a
// program. Uses no engine.
#pragma once

#include "cli/guest_files.hh"
#include "linker/memory_layout.hh"

#include <string>

namespace interlink::cli {

/// As the command line says it. Context: immutable once parsed.
struct ldd_options {
  std::string file;
  guest_file_options guest_files;
  bool plan{};
  bool undefined{};      ///< -r
  memory_options memory; ///< for the plan
};

/// Prints to standard output. Returns 0; 1 when the file cannot be read, is not dynamic, a needed library cannot be
/// found or planned, or with -r a symbol is undefined; 2 for wrong usage.
int show_needed(const ldd_options& options);

} // namespace interlink::cli

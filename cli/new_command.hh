// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink new`: a folder with a program, its plugin, and what CMake needs to build both as guests.
#pragma once

#include <string>

namespace interlink::cli {

/// As the command line says it. Context: immutable once parsed.
struct new_options {
  std::string folder; ///< to be made; its last part names the program
};

/// Prints what to do next. Returns 0, or 1 when the kit is missing, the folder is there or cannot be written; nothing
/// is overwritten.
int make_project(const new_options& options);

} // namespace interlink::cli

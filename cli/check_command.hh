// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink run --check`: whether a program would be linked, by the same decisions as when it runs. Nothing is
// compiled.
#pragma once

#include "cli/run_options.hh"

#include <string>

namespace interlink::cli {

/// Prints that the program can be linked, or all that is in the way. Returns 0; 127 as `run` would; 2 for wrong usage.
int check_program(const run_options& options, const std::string& program);

} // namespace interlink::cli

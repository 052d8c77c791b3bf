// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink run`: runs a guest program.
#pragma once

#include "cli/run_options.hh"

#include <string>
#include <vector>

namespace interlink::cli {

/// Runs the program and returns the exit code of the command: the guest's; 127 when something cannot be loaded or
/// linked; 134 after a trap; 2 for wrong usage. Threads of the guest may still run: the caller ends by `_exit`.
/// Pre: the program is given.
int run(const run_options& options, std::vector<std::string> program_and_arguments);

} // namespace interlink::cli

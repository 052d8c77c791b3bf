// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink run`: runs a guest program.
#pragma once

#include "cli/guest_files.hh"
#include "linker/memory_layout.hh"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "process/process_core.hh"

namespace interlink::cli {

/// As the command line says it. Context: immutable once parsed.
struct run_options {
  guest_file_options guest_files;
  std::string initial_directory;        ///< the guest's name of it; empty for the default
  std::vector<std::string> environment; ///< KEY=VALUE, or KEY to pass the host's value on
  memory_options memory;
  std::string cache = "default";                     ///< directory, `default` or `off`
  std::optional<std::chrono::milliseconds> watchdog; ///< 0 is off; nothing: the library's own
};

/// Runs the program and returns the exit code of the command: the guest's; 127 when something cannot be loaded or
/// linked; 134 after a trap; 2 for wrong usage. Threads of the guest may still run: the caller ends by `_exit`.
int run(const run_options& options, std::vector<std::string> program_and_arguments);

} // namespace interlink::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink run`: runs a guest program.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace interlink::cli {

/// What the command line says. Context: immutable once parsed.
struct run_options {
  std::vector<std::string> directories;  ///< HOST or HOST::GUEST
  std::vector<std::string> environment;  ///< KEY=VALUE, or KEY to pass the host's value on
  std::vector<std::string> library_path; ///< host directories
  std::uint64_t stack_bytes{};
  std::uint64_t memory_bytes_max{}; ///< 0: what the program declares
  std::string cache = "default";    ///< directory, `default` or `off`
};

/// Adds the subcommand; its options are bound to `options`, the program and its arguments stay in `remaining()`.
CLI::App* add_run_command(CLI::App& app, run_options& options);

/// Runs the program and returns the exit code of the command: the guest's; 127 when something cannot be loaded or
/// linked; 134 after a trap; 2 for wrong usage. Threads of the guest may still run: the caller ends by `_exit`.
int run(const run_options& options, std::vector<std::string> program_and_arguments);

} // namespace interlink::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `interlink run` is asked for.
#pragma once

#include "cli/guest_files.hh"
#include "linker/memory_layout.hh"
#include "wasi/network_policy.hh"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace interlink::cli {

/// Bounds of the guest's use; nothing: no more than the library's own bounds.
struct guest_limits {
  std::optional<std::size_t> threads;            ///< alive at once, the first among them
  std::optional<std::size_t> libraries;          ///< open at once
  std::optional<std::size_t> files;              ///< open at once, streams and directories among them
  std::optional<std::uint64_t> output;           ///< bytes to standard output and errors
  std::optional<std::chrono::milliseconds> time; ///< from the start to the end
};

/// As the command line says it. Context: immutable once parsed.
struct run_options {
  guest_file_options guest_files;
  std::string initial_directory;        ///< the guest's name of it; empty for the default
  std::vector<std::string> environment; ///< KEY=VALUE, or KEY to pass the host's value on
  wasi::network_policy network;
  memory_options memory;
  guest_limits limits;
  std::string cache = "default";                     ///< directory, `default` or `off`
  std::optional<std::chrono::milliseconds> watchdog; ///< 0 is off; nothing: the library's own
  std::optional<std::string> program_name;           ///< `--argv0`
  std::optional<std::string> function;               ///< `--invoke`: the arguments are this function's
  std::optional<std::string> trace;                  ///< file; its ending says in which form
  bool checks_only{};                                ///< `--check`
};

/// KEY=VALUE of each variable that is given one, or that the host has.
std::vector<std::string> guest_environment(const run_options& options);

} // namespace interlink::cli

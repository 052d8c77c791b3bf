// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The start of a program that a guest has among its files.
#pragma once

#include "wasi/errno_code.hh"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "process/process_family.hh"
#include "process/spawn_request.hh"

namespace interlink {

class instance_group;

/// Context: immutable.
struct program_start {
  std::string name;                                    ///< a path, or a name to be searched for
  std::vector<std::string> arguments;                  ///< the program's own name first
  std::optional<std::vector<std::string>> environment; ///< nothing: the caller's
  std::optional<std::string> search_path;              ///< directories, with colons between; nothing: no search
  std::vector<spawn_operation> operations;
  std::uint32_t ignored_signals{};
};

/// Starts a process of the caller's family. Errors: noent and others of a path; noexec for a file that is no program;
/// those of an operation; again when there are too many processes. Context: the caller's thread.
std::expected<process_id, wasi::errno_code> start_program(instance_group& caller, const program_start& start);

/// The caller's process goes on with that program: success, and then its threads unwind. Errors: as above, and nothing
/// has changed.
wasi::errno_code replace_program(instance_group& caller, const program_start& start);

} // namespace interlink

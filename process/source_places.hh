// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// File and line for the frames of a failure, read from the files of the modules that are loaded.
#pragma once

#include "messages/error.hh"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "process/process_core.hh"

namespace interlink {

/// The same failure, with `source` in each frame whose module has line tables. A module that is not loaded any more, or
/// whose file was changed since, has none. Takes as long as reading the files of the modules in the backtrace.
/// Context: any thread.
error with_sources(const process_core& process, const error& failure);

/// The bytes of the program or loaded library that has this hash, when its file still has them.
std::optional<std::vector<std::byte>> read_module_file(const process_core& process, const std::string& module_hash);

} // namespace interlink

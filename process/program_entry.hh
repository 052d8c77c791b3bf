// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What of a main module is run once it is loaded. Pure, so that a module with nothing to run is refused before anything
// is compiled.
#pragma once

#include "messages/error.hh"
#include "messages/module_info.hh"

#include <optional>
#include <string_view>
#include <vector>

namespace interlink {

/// Of process_options.
struct entry_options {
  bool runs_command = true;
  bool serves_calls = true;
};

/// A function () -> () by its export name.
struct entry_name {
  std::string_view name;
  bool is_command{}; ///< its return is the program's end
};

/// In order of preference: `_start` of a command, `_initialize` of a reactor; of a library that serves calls, its
/// constructors, which a program that opens it would have run. Source: WASI application ABI, tool-conventions.
std::vector<entry_name> entries_of(const entry_options& options);

/// unsupported_module when the module has no entry and nobody is to call it.
std::optional<error> find_nothing_to_run(const module_info& main, const entry_options& options);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the instrumenter makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "wasm/code_map.hh"

namespace interlink {

/// What instrumenting did. Sizes in bytes.
struct instrumentation_facts {
  std::uint64_t checks{};           ///< inserted
  std::uint64_t stack_checks{};     ///< inserted
  std::uint64_t waits{};            ///< waits and notifies replaced
  std::uint64_t functions{};        ///< bodies that changed
  std::uint64_t dropped_sections{}; ///< custom sections that carried code offsets
  std::uint64_t bytes_in{};
  std::uint64_t bytes_out{};
};

/// A module ready to compile. Its imports are those of the original, then the control memory if
/// `imports_control_memory`, then the runtime table if `imports_runtime_table`; names in wasm/reserved_names.hh.
struct instrumented_module {
  std::vector<std::byte> bytes;
  std::string module_name; ///< in `bytes`
  code_map places;         ///< of `bytes`, in the original
  bool imports_control_memory = false;
  bool imports_runtime_table = false;
  bool exports_applied = false;   ///< has `reserved::applied_global`
  bool exports_stack_low = false; ///< has `reserved::stack_low_global`
  /// An unloaded instance serves the module's next incarnation (wasm/second_start.hh). Its start function drops no
  /// data.
  bool can_start_again = false;
  bool exports_start = false; ///< has `reserved::start_function`; the start section is gone
  instrumentation_facts facts;
};

} // namespace interlink

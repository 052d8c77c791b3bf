// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the parts of the instrumenter share: the decisions for one module, made before its code is rewritten.
#pragma once

#include "messages/error.hh"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/instrumented_module.hh"
#include "wasm/module_layout.hh"
#include "wasm/wasm_writer.hh"

namespace interlink {

struct instrumentation {
  bool is_dynamic = false; ///< has dylink.0: guards the function table and moves the start section
  bool inserts_checks = false;
  std::optional<std::uint32_t> function_table; ///< of a dynamic module
  std::optional<std::uint32_t> stack_pointer;  ///< whose values are compared with the thread's stack
  std::optional<std::uint32_t> waits_on;       ///< memory whose waits are replaced
  bool replaces_waits = false;                 ///< of `waits_on`; those on another shared memory are refused
  std::optional<std::uint64_t>
      maximum_memory_bytes; ///< of the memories that the module defines, when one may be larger

  // Indices of what is appended.
  std::uint32_t control_memory{};
  std::uint32_t runtime_table{};
  std::uint32_t applied_global{};
  std::uint32_t stack_low_global{};
  std::uint32_t first_type{}; ///< of catch_up, wait32, wait64, notify, in this order

  /// By defined function: whether its data.drop is left out. Empty: none is.
  std::vector<bool> keeps_data;

  /// The runtime table is imported, so it comes in front of the tables that the module defines.
  bool shifts_tables = false;
};

/// The function types of the runtime slots that instrumented code calls, in slot order.
const std::vector<function_type>& runtime_types();

/// The payload of the code section, rewritten, and what was changed.
struct rewritten_code {
  wasm_writer payload;
  std::vector<code_edit> edits; ///< in the order of their places
};

/// Errors: as `instrument`. Context: any thread.
result<rewritten_code> rewrite_code(const module_layout& layout, const instrumentation& plan,
                                    instrumentation_facts& facts);

/// The whole module with `code` for its code section, into `bytes` and `places`. `module_name` is as in
/// `instrument_options`.
void write_module(const module_layout& layout, const instrumentation& plan, const rewritten_code& code,
                  std::string_view module_name, instrumented_module& into);

/// For errors: the function's export name, else its name of the `name` section, else nothing.
std::string function_name(const module_layout& layout, std::uint32_t function_index);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Closures: functions of any type that a guest makes while it runs. Each is a trampoline, a generated wasm function
// that hands its arguments to the guest's backing function, which knows nothing of the type. No host frame stands in
// between.
#pragma once

#include "messages/closure.hh"
#include "messages/wasm_types.hh"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace interlink {

/// Only numbers and vectors can lie in memory.
bool can_be_closure(const function_type& type);

/// Bytes that values of these types take, packed. Pre: `can_be_closure`.
std::uint32_t packed_size(const std::vector<value_type>& types);

/// A module with `closures_per_batch` trampolines of one type, exported as "0", "1", ... Names in
/// wasm/reserved_names.hh. Its imports, all of `interlink`:
///   memory (the process's), control (the control memory), function_table, runtime_table,
///   stack_pointer, stack_low (global mut i32 each), applied (global mut i32: what the group has applied),
///   batch (global i32: address of the first trampoline's record in the control memory).
/// Pre: `can_be_closure`. Context: any thread.
std::vector<std::byte> make_closure_module(const function_type& type, bool is_memory_shared);

} // namespace interlink

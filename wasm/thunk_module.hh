// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Thunks: the wasm functions that stand in for function imports whose provider is not known or not instantiated yet.
// A thunk jumps to the canonical slot that its global holds; while that is 0, it first asks the host for the slot. So
// no call between modules has a host frame in it.
#pragma once

#include "messages/wasm_types.hh"

#include <cstddef>
#include <span>
#include <vector>

namespace interlink {

/// What is generated for one import.
struct thunk_shape {
  function_type type;
  /// It says who calls before it calls, and nobody afterwards: a call with a frame of its own, not a jump. Host
  /// functions that answer by their caller read it (`dlsym`, registrations of exit handlers).
  bool tells_caller{};
};

/// A module with one thunk for each shape, exported as "0", "1", ... Names in wasm/reserved_names.hh. Its imports:
///   interlink.function_table (table 0 funcref), interlink.runtime_table (table 16 funcref),
///   interlink.module (global i32, first argument of `resolve_lazy`; the second is the thunk's number),
///   slot.0, slot.1, ... (global mut i32 each), and last, if a thunk tells its caller, interlink.caller (global mut
///   i32).
/// Pre: no type has a concrete reference, which would name a type of another module.
/// Context: any thread.
std::vector<std::byte> make_thunk_module(std::span<const thunk_shape> thunks);

} // namespace interlink

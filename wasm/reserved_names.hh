// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The names and numbers that the instrumenter, the thunk modules and the groups agree on. Guests may not use them:
// the instrumenter refuses a module that imports from `interlink` or exports a name that starts with `interlink.`.
#pragma once

#include <cstdint>
#include <string_view>

namespace interlink::reserved {

/// Import module of all that Interlink adds to a guest module.
inline constexpr std::string_view module_name = "interlink";

/// Custom section of a library: the bare name by which it wants to be known, as ELF's DT_SONAME. Guests' own.
inline constexpr std::string_view soname_section = "interlink.soname";

/// Exports with this prefix are Interlink's.
inline constexpr std::string_view export_prefix = "interlink.";

/// Import `interlink.control`: the control memory, shared, which no guest code can name. The published version is the
/// 64-bit word at `head_address`; guest code compares its low half. The records of closures lie behind it.
inline constexpr std::string_view control_memory = "control";
inline constexpr std::uint32_t head_address = 0;
/// 8 MiB of addresses: as many records as a function table may have slots. Pages that nobody touches take no memory.
inline constexpr std::uint32_t control_memory_pages = 128;
inline constexpr std::uint32_t closure_records_address = 64; ///< the head has its cache line for itself

/// Import `interlink.runtime_table`: the host functions that instrumented code calls, by the slots below.
inline constexpr std::string_view runtime_table = "runtime_table";
inline constexpr std::uint32_t runtime_table_size = 16;

/// Import `interlink.function_table` of thunk and trampoline modules: the group's function table.
inline constexpr std::string_view function_table = "function_table";

/// Import `interlink.module` of a thunk module: a constant i32, the number that `resolve_lazy` gets first.
inline constexpr std::string_view thunk_module_id = "module";

/// Import `interlink.caller` of a thunk module: a mutable i32, the module whose import is being called; 0 means main,
/// or nobody. Only in modules with a thunk that tells its caller.
inline constexpr std::string_view caller_global = "caller";

/// Further imports of a trampoline module (wasm/closure_module.hh): the process's memory; the group's stack pointer,
/// the lower end of its stack and the version that it has applied, all mutable i32; a constant i32, the address of its
/// first record.
inline constexpr std::string_view linked_memory = "memory";
inline constexpr std::string_view stack_pointer = "stack_pointer";
inline constexpr std::string_view stack_low = "stack_low";
inline constexpr std::string_view applied = "applied";
inline constexpr std::string_view closure_batch = "batch";

/// Import module of a thunk module's slot globals: `slot.0`, `slot.1`, ..., mutable i32; 0 means not resolved yet.
inline constexpr std::string_view thunk_slots = "slot";

/// Export: mutable i32 global, the version up to which the instance's group has applied; 0 at first.
inline constexpr std::string_view applied_global = "interlink.applied";

/// Export: mutable i32 global, the lower end of the stack that the instance's thread uses.
/// At least `small_frame_bytes`, so that a stack pointer above it does not go through 0 with such a frame.
inline constexpr std::string_view stack_low_global = "interlink.stack_low";
inline constexpr std::uint32_t small_frame_bytes = 4096;

/// Export: the function that the module's start section named, of type () -> ().
inline constexpr std::string_view start_function = "interlink.start";

/// Slots of the runtime table and the types of what they hold.
namespace runtime_slot {
inline constexpr std::uint32_t catch_up = 0;     ///< () -> ()
inline constexpr std::uint32_t wait32 = 1;       ///< (i32 address, i32 expected, i64 timeout_ns, i64 offset) -> (i32)
inline constexpr std::uint32_t wait64 = 2;       ///< (i32 address, i64 expected, i64 timeout_ns, i64 offset) -> (i32)
inline constexpr std::uint32_t notify = 3;       ///< (i32 address, i32 count, i64 offset) -> (i32)
inline constexpr std::uint32_t resolve_lazy = 4; ///< (i32 module, i32 thunk) -> (i32 slot)
} // namespace runtime_slot

/// Names that the convention and wasm-ld give to what a module imports and exports. Source: tool-conventions,
/// DynamicLinking.md.
inline constexpr std::string_view environment_module = "env";
inline constexpr std::string_view environment_function_table = "__indirect_function_table";
inline constexpr std::string_view environment_memory = "memory";
inline constexpr std::string_view environment_stack_pointer = "__stack_pointer";
inline constexpr std::string_view environment_table_base = "__table_base";
inline constexpr std::string_view init_tls = "__wasm_init_tls";
inline constexpr std::string_view apply_data_relocations = "__wasm_apply_data_relocs";

} // namespace interlink::reserved

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thunk stands for a function that its importer cannot be given directly: the provider comes later in the order of
// instantiation, needs the importer itself, or is not known before the first call. It plays the part of a PLT entry.
//
// The obvious way, a host function that looks up the target and calls it, puts a host frame between two modules. A wasm
// exception does not cross that frame, longjmp does not, and a backtrace shows it. A thunk is therefore wasm: it
// tail-calls the canonical slot that its global holds, so the caller's frame is the callee's parent.
//
// While the global is 0, the thunk first asks the host for the slot, and keeps it: later calls cost one global and one
// indirect call. The slot is filled before the host function returns, which is why the call behind it needs no check.
//
// All thunks of a module are one small module of their own. Modules with thunks for the same types share its compiled
// code: it names types and import names only, and no address.
#include "wasm/thunk_module.hh"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "wasm/generated_module.hh"
#include "wasm/opcodes.hh"
#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

constexpr std::uint32_t function_table = 0;
constexpr std::uint32_t runtime_table = 1;
constexpr std::uint32_t module_global = 0;
constexpr std::uint32_t first_slot_global = 1;
constexpr std::uint32_t resolve_type = 0;

/// The distinct types: `resolve_lazy`'s first, then those of the thunks.
struct type_list {
  std::vector<function_type> types{function_type{{wasm::i32, wasm::i32}, {wasm::i32}}};
  std::vector<std::uint32_t> of_thunk;
};

type_list collect_types(std::span<const thunk_shape> thunks)
{
  type_list list;
  std::map<function_type, std::uint32_t> known{{list.types.front(), resolve_type}};
  for (const auto& [type, tells_caller] : thunks) {
    const auto [place, is_new] = known.try_emplace(type, static_cast<std::uint32_t>(list.types.size()));
    if (is_new) {
      list.types.push_back(type);
    }
    list.of_thunk.push_back(place->second);
  }
  return list;
}

void write_imports(wasm_writer& out, std::size_t thunks, bool tells_caller)
{
  const auto import = [&](std::string_view module_name, std::string_view name, extern_kind kind) {
    out.name(module_name);
    out.name(name);
    out.u8(static_cast<std::uint8_t>(kind));
  };
  const auto table = [&](std::string_view name, std::uint32_t minimum) {
    import(reserved::module_name, name, extern_kind::table);
    out.type(wasm::funcref);
    out.u8(0); // no maximum
    out.u32(minimum);
  };
  const auto global = [&](std::string_view module_name, std::string_view name, bool is_mutable) {
    import(module_name, name, extern_kind::global);
    out.type(wasm::i32);
    out.u8(is_mutable ? 1 : 0);
  };
  out.u32(static_cast<std::uint32_t>(3 + thunks + (tells_caller ? 1 : 0)));
  table(reserved::function_table, 0);
  table(reserved::runtime_table, reserved::runtime_table_size);
  global(reserved::module_name, reserved::thunk_module_id, true);
  for (std::size_t i = 0; i < thunks; ++i) {
    global(reserved::thunk_slots, std::to_string(i), true);
  }
  if (tells_caller) {
    global(reserved::module_name, reserved::caller_global, true);
  }
}

/// `caller_global`: its index, when this thunk tells who calls.
void write_body(wasm_writer& out, std::uint32_t thunk, const function_type& type, std::uint32_t type_index,
                std::optional<std::uint32_t> caller_global)
{
  const auto op = [&](std::uint8_t code, std::uint32_t index) {
    out.u8(code);
    out.u32(index);
  };
  const auto constant = [&](std::uint32_t value) {
    out.u8(opcode::i32_const);
    out.s64(static_cast<std::int32_t>(value));
  };
  const std::uint32_t slot = first_slot_global + thunk;
  const std::size_t length = out.begin_length();
  out.u32(0); // no locals
  op(opcode::global_get, slot);
  out.u8(opcode::i32_eqz);
  out.u8(opcode::if_);
  out.u8(empty_block);
  op(opcode::global_get, module_global);
  constant(thunk);
  constant(reserved::runtime_slot::resolve_lazy);
  op(opcode::call_indirect, resolve_type);
  out.u32(runtime_table);
  op(opcode::global_set, slot);
  out.u8(opcode::end);
  if (caller_global) {
    op(opcode::global_get, module_global);
    op(opcode::global_set, *caller_global);
  }
  for (std::uint32_t i = 0; i < type.parameters.size(); ++i) {
    op(opcode::local_get, i);
  }
  op(opcode::global_get, slot);
  op(caller_global ? opcode::call_indirect : opcode::return_call_indirect, type_index);
  out.u32(function_table);
  if (caller_global) {
    constant(0);
    op(opcode::global_set, *caller_global);
  }
  out.u8(opcode::end);
  out.fill_length(length);
}

} // namespace

std::vector<std::byte> make_thunk_module(std::span<const thunk_shape> thunks)
{
  const type_list list = collect_types(thunks);
  const auto count = static_cast<std::uint32_t>(thunks.size());
  const bool tells_caller = std::ranges::any_of(thunks, &thunk_shape::tells_caller);
  generated_module module(count);
  module.types.u32(static_cast<std::uint32_t>(list.types.size()));
  for (const function_type& type : list.types) {
    module.types.type(type);
  }
  write_imports(module.imports, thunks.size(), tells_caller);
  for (std::uint32_t i = 0; i < count; ++i) {
    module.begin_function(list.of_thunk[i]);
    const auto caller = thunks[i].tells_caller ? std::optional(first_slot_global + count) : std::nullopt;
    write_body(module.code, i, thunks[i].type, list.of_thunk[i], caller);
  }
  return module.written().take();
}

} // namespace interlink

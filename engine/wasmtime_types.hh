// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Our types, values and handles, and the C API's. Private to the adapter.
#pragma once

#include "engine/engine.hh"
#include "engine/wasmtime_errors.hh"

#include <optional>

namespace interlink::engine::wasmtime {

using value_type_ptr = std::unique_ptr<wasm_valtype_t, deleter<wasm_valtype_delete>>;
using function_type_ptr = std::unique_ptr<wasm_functype_t, deleter<wasm_functype_delete>>;
using global_type_ptr = std::unique_ptr<wasm_globaltype_t, deleter<wasm_globaltype_delete>>;
using table_type_ptr = std::unique_ptr<wasm_tabletype_t, deleter<wasm_tabletype_delete>>;
using memory_type_ptr = std::unique_ptr<wasm_memorytype_t, deleter<wasm_memorytype_delete>>;
using tag_type_ptr = std::unique_ptr<wasm_tagtype_t, deleter<wasm_tagtype_delete>>;

/// Kind of the C API's tagged value that holds a value of this type; none for a reference to a concrete type.
std::optional<wasmtime_valkind_t> kind_of_value(const value_type& type);

/// Null when the type mentions a module's own type.
value_type_ptr to_wasm(const wasm_engine_t* engine, const value_type& type);
function_type_ptr to_wasm(const wasm_engine_t* engine, const function_type& type);

/// Errors: invalid_argument with the engine's text.
result<memory_type_ptr> to_wasm(const memory_type& type);

/// References to concrete types come back as their abstract heap type.
value_type from_wasm(const wasm_valtype_t& type);
function_type from_wasm(const wasm_functype_t& type);
memory_type from_wasm(const wasm_memorytype_t& type);

/// A tagged value and its untyped slot. Raw bits of references are those of the engine.
wasmtime_val_t to_value(wasmtime_context_t* context, wasmtime_valkind_t kind, value_slot slot);
/// Takes the value: its root, if it has one, is given back.
value_slot take_slot(wasmtime_context_t* context, wasmtime_val_t& value);
wasmtime_val_t null_value(wasmtime_valkind_t kind);

// Handles. The third word of a table or global has the kind of its values, which the C API asks for at each access.
inline function to_handle(const wasmtime_func_t& item)
{
  if (item.store_id == 0) {
    return {};
  }
  return {{item.store_id, reinterpret_cast<std::uintptr_t>(item.__private), 0}};
}

inline wasmtime_func_t from_handle(const function& f)
{
  // NOLINTNEXTLINE(performance-no-int-to-ptr): opaque bits of the engine
  return {f.bits[0], reinterpret_cast<void*>(f.bits[1])};
}

/// Tables, memories and tags have the same shape in the C API.
template <class Handle, class Item>
Handle to_handle_of(const Item& item, wasmtime_valkind_t kind = 0)
{
  return {{item.store_id, item.__private1 | (std::uint64_t{item.__private2} << 32), kind}};
}

template <class Item, class Handle>
Item from_handle_of(const Handle& h)
{
  Item item{};
  item.store_id = h.bits[0];
  item.__private1 = static_cast<std::uint32_t>(h.bits[1]);
  item.__private2 = static_cast<std::uint32_t>(h.bits[1] >> 32);
  return item;
}

inline global to_handle(const wasmtime_global_t& item, wasmtime_valkind_t kind)
{
  return {{item.store_id, item.__private1 | (std::uint64_t{item.__private2} << 32),
           item.__private3 | (std::uint64_t{kind} << 32)}};
}

inline wasmtime_global_t from_handle(const global& g)
{
  wasmtime_global_t item{};
  item.store_id = g.bits[0];
  item.__private1 = static_cast<std::uint32_t>(g.bits[1]);
  item.__private2 = static_cast<std::uint32_t>(g.bits[1] >> 32);
  item.__private3 = static_cast<std::uint32_t>(g.bits[2]);
  return item;
}

inline wasmtime_valkind_t kind_of_value(const global& g)
{
  return static_cast<wasmtime_valkind_t>(g.bits[2] >> 32);
}

inline wasmtime_valkind_t kind_of_value(const table& t)
{
  return static_cast<wasmtime_valkind_t>(t.bits[2]);
}

inline instance to_handle(const wasmtime_instance_t& item)
{
  return {{item.store_id, item.__private, 0}};
}

inline wasmtime_instance_t from_handle(const instance& i)
{
  return {i.bits[0], i.bits[1]};
}

} // namespace interlink::engine::wasmtime

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/wasmtime_types.hh"

#include <array>
#include <cstring>

namespace interlink::engine::wasmtime {

namespace {

/// Abstract heap types: our s33 code, the C API's kind, and the kind of a value of it.
struct heap_row {
  std::int64_t heap;
  wasmtime_heaptype_kind_t heap_kind;
  wasmtime_valkind_t value_kind;
};

constexpr std::array<heap_row, 12> heap_rows{{
    {-16, WASMTIME_HEAPTYPE_KIND_FUNC, WASMTIME_FUNCREF},
    {-17, WASMTIME_HEAPTYPE_KIND_EXTERN, WASMTIME_EXTERNREF},
    {-18, WASMTIME_HEAPTYPE_KIND_ANY, WASMTIME_ANYREF},
    {-19, WASMTIME_HEAPTYPE_KIND_EQ, WASMTIME_ANYREF},
    {-20, WASMTIME_HEAPTYPE_KIND_I31, WASMTIME_ANYREF},
    {-21, WASMTIME_HEAPTYPE_KIND_STRUCT, WASMTIME_ANYREF},
    {-22, WASMTIME_HEAPTYPE_KIND_ARRAY, WASMTIME_ANYREF},
    {-23, WASMTIME_HEAPTYPE_KIND_EXN, WASMTIME_EXNREF},
    {-13, WASMTIME_HEAPTYPE_KIND_NOFUNC, WASMTIME_FUNCREF},
    {-14, WASMTIME_HEAPTYPE_KIND_NOEXTERN, WASMTIME_EXTERNREF},
    {-15, WASMTIME_HEAPTYPE_KIND_NONE, WASMTIME_ANYREF},
    {-12, WASMTIME_HEAPTYPE_KIND_NOEXN, WASMTIME_EXNREF},
}};

const heap_row* find_heap(std::int64_t heap)
{
  for (const auto& row : heap_rows) {
    if (row.heap == heap) {
      return &row;
    }
  }
  return nullptr;
}

std::int64_t heap_of(wasmtime_heaptype_kind_t kind)
{
  switch (kind) {
  case WASMTIME_HEAPTYPE_KIND_CONCRETE_FUNC:
    return wasm::funcref.heap;
  case WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY:
    return -22;
  case WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT:
    return -21;
  case WASMTIME_HEAPTYPE_KIND_CONCRETE_EXN:
    return wasm::exnref.heap;
  default:
    break;
  }
  for (const auto& row : heap_rows) {
    if (row.heap_kind == kind) {
      return row.heap;
    }
  }
  return -18;
}

bool is_reference(const value_type& type)
{
  return type.code == 0x63 || type.code == 0x64;
}

/// Fills a vector of types that the engine then owns; false when one of them cannot be said from outside a module.
bool fill(const wasm_engine_t* engine, const std::vector<value_type>& types, wasm_valtype_vec_t& filled)
{
  std::vector<value_type_ptr> made;
  made.reserve(types.size());
  for (const auto& type : types) {
    made.push_back(to_wasm(engine, type));
    if (!made.back()) {
      return false;
    }
  }
  wasm_valtype_vec_new_uninitialized(&filled, made.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    filled.data[i] = made[i].release();
  }
  return true;
}

std::vector<value_type> list_of(const wasm_valtype_vec_t& types)
{
  std::vector<value_type> made;
  made.reserve(types.size);
  for (std::size_t i = 0; i < types.size; ++i) {
    made.push_back(from_wasm(*types.data[i]));
  }
  return made;
}

} // namespace

std::optional<wasmtime_valkind_t> kind_of_value(const value_type& type)
{
  if (is_reference(type)) {
    const auto* row = find_heap(type.heap);
    return row == nullptr ? std::nullopt : std::optional(row->value_kind);
  }
  switch (type.code) {
  case wasm::i32.code:
    return WASMTIME_I32;
  case wasm::i64.code:
    return WASMTIME_I64;
  case wasm::f32.code:
    return WASMTIME_F32;
  case wasm::f64.code:
    return WASMTIME_F64;
  case wasm::v128.code:
    return WASMTIME_V128;
  default:
    return std::nullopt;
  }
}

value_type_ptr to_wasm(const wasm_engine_t* engine, const value_type& type)
{
  wasmtime_valtype_t made{};
  if (is_reference(type)) {
    const auto* row = find_heap(type.heap);
    if (row == nullptr) {
      return nullptr;
    }
    made.kind = WASMTIME_VALTYPE_KIND_REF;
    made.reftype.nullable = type.code == 0x63;
    made.reftype.heaptype.kind = row->heap_kind;
    return value_type_ptr(wasmtime_valtype_to_wasm(engine, &made));
  }
  // The first five kinds of the C API's values and types have the same numbers.
  auto kind = kind_of_value(type);
  if (!kind) {
    return nullptr;
  }
  made.kind = *kind;
  return value_type_ptr(wasmtime_valtype_to_wasm(engine, &made));
}

function_type_ptr to_wasm(const wasm_engine_t* engine, const function_type& type)
{
  wasm_valtype_vec_t parameters{};
  wasm_valtype_vec_t results{};
  if (!fill(engine, type.parameters, parameters)) {
    return nullptr;
  }
  if (!fill(engine, type.results, results)) {
    wasm_valtype_vec_delete(&parameters);
    return nullptr;
  }
  return function_type_ptr(wasm_functype_new(&parameters, &results));
}

result<memory_type_ptr> to_wasm(const memory_type& type)
{
  wasm_memorytype_t* made = nullptr;
  error_ptr failure(wasmtime_memorytype_new(type.size.minimum, type.size.maximum.has_value(),
                                            type.size.maximum.value_or(0), type.is_64, type.is_shared,
                                            type.page_size_log2, &made));
  if (failure) {
    return fail(refusal(errc::invalid_argument, "memory type " + to_string(extern_type(type)), *failure));
  }
  return memory_type_ptr(made);
}

value_type from_wasm(const wasm_valtype_t& type)
{
  wasmtime_valtype_t read{};
  wasmtime_valtype_new(&type, &read);
  value_type made{};
  switch (read.kind) {
  case WASMTIME_VALTYPE_KIND_I32:
    made = wasm::i32;
    break;
  case WASMTIME_VALTYPE_KIND_I64:
    made = wasm::i64;
    break;
  case WASMTIME_VALTYPE_KIND_F32:
    made = wasm::f32;
    break;
  case WASMTIME_VALTYPE_KIND_F64:
    made = wasm::f64;
    break;
  case WASMTIME_VALTYPE_KIND_V128:
    made = wasm::v128;
    break;
  default:
    made.code = read.reftype.nullable ? 0x63 : 0x64;
    made.heap = heap_of(read.reftype.heaptype.kind);
  }
  wasmtime_valtype_delete(&read);
  return made;
}

function_type from_wasm(const wasm_functype_t& type)
{
  return {list_of(*wasm_functype_params(&type)), list_of(*wasm_functype_results(&type))};
}

memory_type from_wasm(const wasm_memorytype_t& type)
{
  memory_type made;
  made.size.minimum = wasmtime_memorytype_minimum(&type);
  std::uint64_t maximum = 0;
  if (wasmtime_memorytype_maximum(&type, &maximum)) {
    made.size.maximum = maximum;
  }
  made.is_shared = wasmtime_memorytype_isshared(&type);
  made.is_64 = wasmtime_memorytype_is64(&type);
  made.page_size_log2 = wasmtime_memorytype_page_size_log2(&type);
  return made;
}

wasmtime_val_t null_value(wasmtime_valkind_t kind)
{
  // All kinds of references are null with a store number of zero, and all numbers are zero.
  wasmtime_val_t value{};
  value.kind = kind;
  return value;
}

wasmtime_val_t to_value(wasmtime_context_t* context, wasmtime_valkind_t kind, value_slot slot)
{
  auto value = null_value(kind);
  auto raw = static_cast<std::uint32_t>(slot.low);
  switch (kind) {
  case WASMTIME_I32:
    value.of.i32 = static_cast<std::int32_t>(raw);
    break;
  case WASMTIME_I64:
    value.of.i64 = static_cast<std::int64_t>(slot.low);
    break;
  case WASMTIME_F32:
    std::memcpy(&value.of.f32, &raw, sizeof raw);
    break;
  case WASMTIME_F64:
    std::memcpy(&value.of.f64, &slot.low, sizeof slot.low);
    break;
  case WASMTIME_V128:
    std::memcpy(&value.of.v128, &slot, sizeof slot);
    break;
  case WASMTIME_FUNCREF:
    if (slot.low != 0) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): opaque bits of the engine
      wasmtime_func_from_raw(context, reinterpret_cast<void*>(slot.low), &value.of.funcref);
    }
    break;
  case WASMTIME_EXTERNREF:
    wasmtime_externref_from_raw(context, raw, &value.of.externref);
    break;
  case WASMTIME_ANYREF:
    wasmtime_anyref_from_raw(context, raw, &value.of.anyref);
    break;
  default:
    wasmtime_exnref_from_raw(context, raw, &value.of.exnref);
    break;
  }
  return value;
}

value_slot take_slot(wasmtime_context_t* context, wasmtime_val_t& value)
{
  value_slot slot;
  std::uint32_t raw = 0;
  switch (value.kind) {
  case WASMTIME_I32:
    slot.low = static_cast<std::uint32_t>(value.of.i32);
    break;
  case WASMTIME_I64:
    slot.low = static_cast<std::uint64_t>(value.of.i64);
    break;
  case WASMTIME_F32:
    std::memcpy(&raw, &value.of.f32, sizeof raw);
    slot.low = raw;
    break;
  case WASMTIME_F64:
    std::memcpy(&slot.low, &value.of.f64, sizeof slot.low);
    break;
  case WASMTIME_V128:
    std::memcpy(&slot.low, &value.of.v128[0], sizeof slot.low);
    std::memcpy(&slot.high, &value.of.v128[8], sizeof slot.high);
    break;
  case WASMTIME_FUNCREF:
    if (!wasmtime_funcref_is_null(&value.of.funcref)) {
      slot.low = reinterpret_cast<std::uintptr_t>(wasmtime_func_to_raw(context, &value.of.funcref));
    }
    break;
  case WASMTIME_EXTERNREF:
    slot.low = wasmtime_externref_to_raw(context, &value.of.externref);
    break;
  case WASMTIME_ANYREF:
    slot.low = wasmtime_anyref_to_raw(context, &value.of.anyref);
    break;
  default:
    slot.low = wasmtime_exnref_to_raw(context, &value.of.exnref);
    break;
  }
  wasmtime_val_unroot(&value);
  return slot;
}

} // namespace interlink::engine::wasmtime

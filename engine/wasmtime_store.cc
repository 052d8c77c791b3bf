// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/wasmtime_store.hh"

#include <algorithm>
#include <limits>

namespace interlink::engine::wasmtime {

namespace {

/// The C API takes limits as signed numbers; a negative one would keep its default of 10,000.
std::int64_t to_limit(std::uint64_t limit)
{
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(limit, most));
}

std::string quoted(std::string_view what, std::uint64_t number)
{
  return std::string(what) + " " + std::to_string(number);
}

/// The engine asks when the store's epoch has passed, at a function's entry or a loop's head.
wasmtime_error_t* on_epoch(const wasmtime_context_t* /*context*/, void* data, std::uint64_t* delta,
                           wasmtime_update_deadline_kind_t* kind) noexcept
{
  *delta = 1; // asks again after the next
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return static_cast<wasmtime_store*>(data)->answer_epoch();
}

} // namespace

std::unique_ptr<store> make_store(const engine_state_ptr& owner, const store_limits& limits)
{
  return std::make_unique<wasmtime_store>(owner, limits);
}

wasmtime_store::wasmtime_store(engine_state_ptr engine, const store_limits& limits)
    : engine_(std::move(engine)),
      handle_(wasmtime_store_new(engine_->handle.get(), nullptr, nullptr)),
      context_(wasmtime_store_context(handle_.get())),
      limits_(limits)
{
  wasmtime_store_limiter(handle_.get(), to_limit(limits.memory_bytes), to_limit(limits.table_elements),
                         to_limit(limits.instances), to_limit(limits.tables), to_limit(limits.memories));
  if (engine_->interruptible) {
    wasmtime_store_epoch_deadline_callback(handle_.get(), on_epoch, this, nullptr);
    wasmtime_context_set_epoch_deadline(context_, 1);
  }
}

wasmtime_store::~wasmtime_store()
{
  forget_thrown();
}

result<wasmtime_extern_t> wasmtime_store::to_extern(const extern_value& value, std::size_t position) const
{
  wasmtime_extern_t item{};
  if (const auto* f = std::get_if<function>(&value)) {
    if (is_null(*f)) {
      return fail(errc::engine_refused, quoted("import", position) + " is bound to the null function");
    }
    item.kind = WASMTIME_EXTERN_FUNC;
    item.of.func = from_handle(*f);
  } else if (const auto* t = std::get_if<table>(&value)) {
    item.kind = WASMTIME_EXTERN_TABLE;
    item.of.table = from_handle_of<wasmtime_table_t>(*t);
  } else if (const auto* m = std::get_if<memory>(&value)) {
    item.kind = WASMTIME_EXTERN_MEMORY;
    item.of.memory = from_handle_of<wasmtime_memory_t>(*m);
  } else if (const auto* g = std::get_if<global>(&value)) {
    item.kind = WASMTIME_EXTERN_GLOBAL;
    item.of.global = from_handle(*g);
  } else if (const auto* e = std::get_if<tag>(&value)) {
    item.kind = WASMTIME_EXTERN_TAG;
    item.of.tag = from_handle_of<wasmtime_tag_t>(*e);
  } else {
    const auto* shared = dynamic_cast<const wasmtime_shared_memory*>(std::get<shared_memory_ptr>(value).get());
    if (shared == nullptr || shared->owner() != engine_.get()) {
      return fail(errc::engine_refused, quoted("import", position) + " is a shared memory of another engine");
    }
    item.kind = WASMTIME_EXTERN_SHAREDMEMORY;
    item.of.sharedmemory = shared->handle();
  }
  return item;
}

/// Takes the item: of a shared memory, the engine gives a reference of its own.
extern_value wasmtime_store::to_value_of(wasmtime_extern_t& item)
{
  switch (item.kind) {
  case WASMTIME_EXTERN_FUNC:
    return to_handle(item.of.func);
  case WASMTIME_EXTERN_TABLE: {
    table_type_ptr type(wasmtime_table_type(context_, &item.of.table));
    auto kind = kind_of_value(from_wasm(*wasm_tabletype_element(type.get())));
    return to_handle_of<table>(item.of.table, kind.value_or(WASMTIME_FUNCREF));
  }
  case WASMTIME_EXTERN_GLOBAL: {
    global_type_ptr type(wasmtime_global_type(context_, &item.of.global));
    auto kind = kind_of_value(from_wasm(*wasm_globaltype_content(type.get())));
    return to_handle(item.of.global, kind.value_or(WASMTIME_FUNCREF));
  }
  case WASMTIME_EXTERN_MEMORY:
    return to_handle_of<memory>(item.of.memory);
  case WASMTIME_EXTERN_TAG:
    return to_handle_of<tag>(item.of.tag);
  default:
    return shared_memory_ptr(std::make_shared<wasmtime_shared_memory>(engine_, item.of.sharedmemory));
  }
}

result<instance> wasmtime_store::instantiate(const compiled_module& module, std::span<const extern_value> imports)
{
  const auto* compiled = dynamic_cast<const wasmtime_module*>(&module);
  if (compiled == nullptr || compiled->owner() != engine_.get()) {
    return fail(errc::engine_refused, "the module was compiled by another engine");
  }
  std::vector<wasmtime_extern_t> items;
  items.reserve(imports.size());
  for (const auto& value : imports) {
    auto item = to_extern(value, items.size());
    if (!item) {
      return fail(item.error());
    }
    items.push_back(*item);
  }
  wasmtime_instance_t made{};
  wasm_trap_t* trap = nullptr;
  auto* failure = wasmtime_instance_new(context_, compiled->handle(), items.data(), items.size(), &made, &trap);
  // An instance whose start failed stays in the store like any other.
  bool has_instance = failure == nullptr || raised_.has_value() || wasmtime_context_has_exception(context_);
  instance_count_ += has_instance ? 1 : 0;
  if (failure != nullptr || trap != nullptr) {
    return fail(entry_error(failure, trap));
  }
  return to_handle(made);
}

std::optional<extern_value> wasmtime_store::find_export(const instance& from, std::string_view name)
{
  auto source = from_handle(from);
  wasmtime_extern_t item{};
  if (!wasmtime_instance_export_get(context_, &source, name.data(), name.size(), &item)) {
    return std::nullopt;
  }
  return to_value_of(item);
}

result<table> wasmtime_store::make_table(const table_type& type)
{
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  auto kind = kind_of_value(type.element);
  auto element = to_wasm(engine_->handle.get(), type.element);
  if (!kind || !element || type.is_64 || type.size.minimum > most) {
    return fail(errc::engine_refused, "table type " + to_string(extern_type(type)) + " cannot be made by a host");
  }
  // The C API says "no maximum" by the largest 32-bit number, which no table can have.
  wasm_limits_t size{static_cast<std::uint32_t>(type.size.minimum),
                     static_cast<std::uint32_t>(std::min(type.size.maximum.value_or(most), most))};
  table_type_ptr wasm_type(wasm_tabletype_new(element.release(), &size));
  if (!wasm_type) {
    return fail(errc::engine_refused, "table type " + to_string(extern_type(type)) + " cannot be made by a host");
  }
  auto initial = null_value(*kind);
  wasmtime_table_t made{};
  error_ptr failure(wasmtime_table_new(context_, wasm_type.get(), &initial, &made));
  if (failure) {
    return fail(refusal(errc::engine_refused, "table " + to_string(extern_type(type)), *failure));
  }
  return to_handle_of<table>(made, *kind);
}

result<global> wasmtime_store::make_global(const global_type& type, value_slot initial)
{
  auto kind = kind_of_value(type.value);
  if (!kind) {
    return fail(errc::engine_refused, "global type " + to_string(extern_type(type)) + " cannot be made by a host");
  }
  global_type_ptr own_type;
  const wasm_globaltype_t* wasm_type = nullptr;
  if (*kind < engine_->number_globals.size()) {
    wasm_type = engine_->number_globals[*kind][type.is_mutable ? WASM_VAR : WASM_CONST].get();
  } else {
    auto content = to_wasm(engine_->handle.get(), type.value);
    own_type.reset(wasm_globaltype_new(content.release(), type.is_mutable ? WASM_VAR : WASM_CONST));
    wasm_type = own_type.get();
  }
  auto value = to_value(context_, *kind, initial);
  wasmtime_global_t made{};
  error_ptr failure(wasmtime_global_new(context_, wasm_type, &value, &made));
  wasmtime_val_unroot(&value);
  if (failure) {
    return fail(refusal(errc::engine_refused, "global " + to_string(extern_type(type)), *failure));
  }
  return to_handle(made, *kind);
}

result<std::vector<global>> wasmtime_store::make_i32_globals(std::span<const std::uint32_t> initial)
{
  std::vector<global> made;
  made.reserve(initial.size());
  while (!initial.empty()) {
    const auto part = initial.first(std::min(initial.size(), global_blocks::most));
    initial = initial.subspan(part.size());
    const auto first = engine_->blocks.make(context_, engine_->handle.get(), part.size());
    for (std::uint32_t place = 0; place < part.size(); ++place) {
      if (first) {
        const wasmtime_global_t item = global_blocks::nth(*first, place);
        const wasmtime_val_t value{.kind = WASMTIME_I32, .of = {.i32 = static_cast<std::int32_t>(part[place])}};
        const error_ptr failure(wasmtime_global_set(context_, &item, &value)); // none: it is mutable, and an i32
        made.push_back(to_handle(item, WASMTIME_I32));
        continue;
      }
      auto one = make_global({wasm::i32, true}, value_slot::of_i32(part[place]));
      if (!one) {
        return fail(std::move(one.error()));
      }
      made.push_back(*one);
    }
  }
  return made;
}

result<tag> wasmtime_store::make_tag(const tag_type& type)
{
  auto signature = to_wasm(engine_->handle.get(), type.signature);
  if (!signature) {
    return fail(errc::engine_refused, "tag type " + to_string(extern_type(type)) + " cannot be made by a host");
  }
  tag_type_ptr wasm_type(wasm_tagtype_new(signature.release()));
  wasmtime_tag_t made{};
  error_ptr failure(wasmtime_tag_new(context_, wasm_type.get(), &made));
  if (failure) {
    return fail(refusal(errc::engine_refused, "tag " + to_string(extern_type(type)), *failure));
  }
  return to_handle_of<tag>(made);
}

result<memory> wasmtime_store::make_memory(const memory_type& type)
{
  auto wasm_type = to_wasm(type);
  if (!wasm_type) {
    return fail(wasm_type.error());
  }
  wasmtime_memory_t made{};
  error_ptr failure(wasmtime_memory_new(context_, wasm_type->get(), &made));
  if (failure) {
    auto code = type.is_shared ? errc::engine_refused : errc::memory_exhausted;
    return fail(refusal(code, "memory " + to_string(extern_type(type)), *failure));
  }
  return to_handle_of<memory>(made);
}

std::uint64_t wasmtime_store::table_size(const table& of)
{
  auto item = from_handle_of<wasmtime_table_t>(of);
  return wasmtime_table_size(context_, &item);
}

function wasmtime_store::table_get(const table& of, std::uint64_t index)
{
  auto item = from_handle_of<wasmtime_table_t>(of);
  wasmtime_val_t value{};
  if (!wasmtime_table_get(context_, &item, index, &value)) {
    return {};
  }
  if (value.kind != WASMTIME_FUNCREF) {
    wasmtime_val_unroot(&value);
    return {};
  }
  return to_handle(value.of.funcref);
}

result<void> wasmtime_store::table_set(const table& of, std::uint64_t index, const function& value)
{
  auto item = from_handle_of<wasmtime_table_t>(of);
  auto element = null_value(WASMTIME_FUNCREF);
  element.of.funcref = from_handle(value);
  error_ptr failure(wasmtime_table_set(context_, &item, index, &element));
  if (failure) {
    return fail(refusal(errc::engine_refused, quoted("table element", index), *failure));
  }
  return {};
}

result<std::uint64_t> wasmtime_store::table_grow(const table& of, std::uint64_t delta)
{
  auto item = from_handle_of<wasmtime_table_t>(of);
  auto element = null_value(kind_of_value(of));
  std::uint64_t before = 0;
  error_ptr failure(wasmtime_table_grow(context_, &item, delta, &element, &before));
  if (failure) {
    auto what = "table of " + std::to_string(wasmtime_table_size(context_, &item)) + " elements cannot grow by " +
                std::to_string(delta) + "; its own maximum or the store's limit of " +
                std::to_string(limits_.table_elements) + " elements ends it";
    return fail(refusal(errc::table_exhausted, what, *failure));
  }
  return before;
}

value_slot wasmtime_store::global_get(const global& of)
{
  auto item = from_handle(of);
  wasmtime_val_t value{};
  wasmtime_global_get(context_, &item, &value);
  return take_slot(context_, value);
}

void wasmtime_store::global_set(const global& of, value_slot value)
{
  auto item = from_handle(of);
  auto wanted = to_value(context_, kind_of_value(of), value);
  // The engine refuses only an immutable global, which keeps its value.
  error_ptr failure(wasmtime_global_set(context_, &item, &wanted));
  wasmtime_val_unroot(&wanted);
}

std::span<std::byte> wasmtime_store::memory_data(const memory& of)
{
  auto item = from_handle_of<wasmtime_memory_t>(of);
  return {reinterpret_cast<std::byte*>(wasmtime_memory_data(context_, &item)),
          wasmtime_memory_data_size(context_, &item)};
}

result<std::uint64_t> wasmtime_store::memory_grow(const memory& of, std::uint64_t delta_pages)
{
  auto item = from_handle_of<wasmtime_memory_t>(of);
  std::uint64_t before = 0;
  error_ptr failure(wasmtime_memory_grow(context_, &item, delta_pages, &before));
  if (failure) {
    memory_type_ptr wasm_type(wasmtime_memory_type(context_, &item));
    auto maximum = from_wasm(*wasm_type).size.maximum;
    auto what = "memory of " + std::to_string(wasmtime_memory_size(context_, &item)) + " pages cannot grow by " +
                std::to_string(delta_pages) +
                (maximum ? "; its maximum is " + std::to_string(*maximum) + " pages" : "; it has no maximum");
    return fail(refusal(errc::memory_exhausted, what, *failure));
  }
  return before;
}

function_type wasmtime_store::type_of(const function& of)
{
  if (is_null(of)) {
    return {};
  }
  auto item = from_handle(of);
  function_type_ptr type(wasmtime_func_type(context_, &item));
  return from_wasm(*type);
}

} // namespace interlink::engine::wasmtime

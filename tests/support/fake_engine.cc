// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/fake_engine.hh"

#include "messages/assert.hh"
#include "tests/support/fake_interpreter.hh"

#include <algorithm>
#include <sys/mman.h>
#include <utility>

#include "wasm/layout_reader.hh"

namespace interlink::support {

namespace {

using engine::extern_value;
using engine::value_slot;

constexpr std::uint64_t page_bytes = 65'536; // WebAssembly core specification

/// Address space for the maximum, pages on first touch; so the first byte never moves.
class fake_shared_memory final : public engine::shared_memory {
public:
  fake_shared_memory(const fake_engine& owner, const memory_type& type)
      : engine_(owner), type_(type), pages_(type.size.minimum)
  {
    void* const mapped =
        ::mmap(nullptr, mapped_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    INTERLINK_ASSERT(mapped != MAP_FAILED);
    data_ = static_cast<std::byte*>(mapped);
  }

  fake_shared_memory(const fake_shared_memory&) = delete;
  fake_shared_memory& operator=(const fake_shared_memory&) = delete;

  ~fake_shared_memory() override { ::munmap(data_, mapped_bytes()); }

  memory_type type() const override { return type_; }

  std::byte* data() const override { return data_; }

  std::size_t size_bytes() const override { return pages_.load(std::memory_order_acquire) * page_bytes; }

  result<std::uint64_t> grow(std::uint64_t delta_pages) override
  {
    if (engine_.refuses && engine_.refuses(fake_call::memory_grow)) {
      return fail(errc::memory_exhausted, "the engine has no memory");
    }
    std::uint64_t pages = pages_.load();
    do {
      if (delta_pages > *type_.size.maximum - pages) {
        return fail(errc::memory_exhausted, "the memory is at its maximum");
      }
    } while (!pages_.compare_exchange_weak(pages, pages + delta_pages));
    return pages;
  }

private:
  std::size_t mapped_bytes() const { return *type_.size.maximum * page_bytes; }

  const fake_engine& engine_;
  memory_type type_;
  std::byte* data_ = nullptr;
  std::atomic<std::uint64_t> pages_;
};

std::unexpected<error> refused(std::string_view what)
{
  return fail(errc::engine_refused, "the engine refused " + std::string(what));
}

} // namespace

result<void> fake_engine::validate(std::span<const std::byte> bytes)
{
  auto layout = read_layout(bytes);
  return layout ? result<void>{} : fail(std::move(layout.error()));
}

result<engine::compiled_module_ptr> fake_engine::compile(std::span<const std::byte> bytes)
{
  if (is_refused(fake_call::compile)) {
    return refused("to compile");
  }
  ++compiled_;
  auto made = fake_module::make(bytes);
  if (!made) {
    return fail(std::move(made.error()));
  }
  return interlink::engine::compiled_module_ptr(std::move(*made));
}

result<engine::shared_memory_ptr> fake_engine::make_shared_memory(const memory_type& type)
{
  if (!type.is_shared || !type.size.maximum) {
    return fail(errc::invalid_argument, "a shared memory has a maximum");
  }
  return std::make_shared<fake_shared_memory>(*this, type);
}

result<std::unique_ptr<engine::store>> fake_engine::make_store(const interlink::engine::store_limits& limits)
{
  if (is_refused(fake_call::make_store)) {
    return refused("a store");
  }
  return std::make_unique<fake_store>(*this, limits);
}

fake_store::fake_store(fake_engine& engine, const interlink::engine::store_limits& limits)
    : engine_(engine), id_(engine.next_store_++), limits_(limits)
{
}

template <class Tag>
std::uint64_t fake_store::number_of(const engine::handle<Tag>& handle) const
{
  INTERLINK_ASSERT(handle.bits[1] == id_ && handle.bits[0] != 0); // a handle means something in its own store only
  return handle.bits[0];
}

std::span<std::byte> fake_store::bytes_of(std::uint64_t memory)
{
  memory_object& object = memories_[memory - 1];
  return object.shared ? std::span(object.shared->data(), object.shared->size_bytes()) : std::span(object.own);
}

std::uint64_t fake_store::value_of(const instance_object& in, const linear_value& value) const
{
  const std::uint64_t base = value.base_global ? globals_[in.globals[*value.base_global] - 1].value.i32() : 0;
  return base + value.constant;
}

std::optional<std::uint64_t> fake_store::import_number(const extern_value& value, extern_kind kind)
{
  if (const auto* shared = std::get_if<engine::shared_memory_ptr>(&value)) {
    memories_.push_back({(*shared)->type(), {}, *shared});
    return kind == extern_kind::memory ? std::optional(memories_.size()) : std::nullopt;
  }
  if (static_cast<std::size_t>(kind) != value.index()) {
    return std::nullopt; // the alternatives stand in the order of the kinds
  }
  return std::visit(
      [this](const auto& handle) -> std::optional<std::uint64_t> {
        if constexpr (requires { handle.bits; }) {
          return number_of(handle);
        } else {
          return std::nullopt;
        }
      },
      value);
}

result<void> fake_store::bind_imports(instance_object& made, std::span<const extern_value> imports)
{
  const module_layout& layout = made.module->layout();
  if (imports.size() != layout.imports.size()) {
    return refused("to instantiate: " + std::to_string(imports.size()) + " imports for " +
                   std::to_string(layout.imports.size()));
  }
  for (std::size_t i = 0; i < imports.size(); ++i) {
    const import_entry& import = layout.imports[i];
    const auto number = import_number(imports[i], import.kind);
    if (!number) {
      return refused("import " + std::string(import.name) + " of another kind");
    }
    if (import.kind == extern_kind::function) {
      if (functions_[*number - 1].type != layout.signature_of(import.index)) {
        return refused("import " + std::string(import.name) + " of another type");
      }
      made.functions.push_back(*number);
    } else if (import.kind == extern_kind::table) {
      made.tables.push_back(*number);
    } else if (import.kind == extern_kind::memory) {
      made.memories.push_back(*number);
    } else if (import.kind == extern_kind::global) {
      made.globals.push_back(*number);
    }
  }
  return {};
}

void fake_store::define_globals(instance_object& made)
{
  const module_layout& layout = made.module->layout();
  for (std::size_t i = layout.imported_globals; i < layout.globals.size(); ++i) {
    // Mutable ones start at zero, as all that these tests and the instrumenter define.
    const std::uint64_t value = layout.globals[i].value ? value_of(made, *layout.globals[i].value) : 0;
    globals_.push_back({layout.globals[i].type, value_slot::of_i64(value)});
    made.globals.push_back(globals_.size());
  }
}

result<void> fake_store::fill_tables(const instance_object& made)
{
  ++changes_;
  const module_layout& layout = made.module->layout();
  for (const segment_function& element : layout.element_functions) {
    const element_segment& segment = layout.elements[element.segment];
    const std::uint64_t place = value_of(made, *segment.offset_value) + element.position;
    table_object& table = tables_[made.tables[segment.table] - 1];
    if (place >= table.elements.size()) {
      return fail(trap("out of bounds table access"));
    }
    table.elements[place] = made.functions[element.function_index];
  }
  return {};
}

result<engine::instance> fake_store::instantiate(const engine::compiled_module& module,
                                                 std::span<const extern_value> imports)
{
  if (engine_.is_refused(fake_call::instantiate)) {
    return refused("to instantiate");
  }
  instance_object made;
  made.module = static_cast<const fake_module&>(module).shared_from_this();
  if (auto bound = bind_imports(made, imports); !bound) {
    return fail(std::move(bound.error()));
  }
  const module_layout& layout = made.module->layout();
  const std::uint64_t number = instances_.size() + 1;
  for (std::uint32_t i = layout.imported_functions; i < layout.functions.size(); ++i) {
    functions_.push_back({layout.signature_of(i), {}, number, i});
    made.functions.push_back(functions_.size());
  }
  for (std::size_t i = layout.imported_tables; i < layout.tables.size(); ++i) {
    tables_.push_back({std::vector<std::uint64_t>(layout.tables[i].size.minimum), limits_.table_elements});
    made.tables.push_back(tables_.size());
  }
  for (std::size_t i = layout.imported_memories; i < layout.memories.size(); ++i) {
    memories_.push_back({layout.memories[i], std::vector<std::byte>(layout.memories[i].size.minimum * page_bytes), {}});
    made.memories.push_back(memories_.size());
  }
  define_globals(made);
  instances_.push_back(std::move(made));
  if (auto filled = fill_tables(instances_.back()); !filled) {
    return fail(std::move(filled.error()));
  }
  if (layout.start_function) {
    std::vector<std::uint64_t> stack;
    if (auto started = fake_interpreter(*this).call(instances_.back().functions[*layout.start_function], stack);
        !started) {
      return fail(std::move(started.error()));
    }
  }
  return handle_of<engine::instance_tag>(number);
}

std::optional<extern_value> fake_store::find_export(const engine::instance& from, std::string_view name)
{
  const instance_object& in = instances_[number_of(from) - 1];
  const auto& exports = in.module->layout().exports;
  const auto found = std::ranges::find(exports, name, &export_entry::name);
  if (found == exports.end()) {
    return std::nullopt;
  }
  switch (found->kind) {
  case extern_kind::function:
    return handle_of<engine::function_tag>(in.functions[found->index]);
  case extern_kind::table:
    return handle_of<engine::table_tag>(in.tables[found->index]);
  case extern_kind::memory:
    if (const auto& shared = memories_[in.memories[found->index] - 1].shared) {
      return shared;
    }
    return handle_of<engine::memory_tag>(in.memories[found->index]);
  case extern_kind::global:
    return handle_of<engine::global_tag>(in.globals[found->index]);
  default:
    return std::nullopt;
  }
}

engine::function fake_store::make_function(const function_type& type, engine::host_function body)
{
  functions_.push_back({type, std::move(body), 0, 0});
  return handle_of<engine::function_tag>(functions_.size());
}

result<engine::table> fake_store::make_table(const table_type& type)
{
  tables_.push_back(
      {std::vector<std::uint64_t>(type.size.minimum), type.size.maximum.value_or(limits_.table_elements)});
  return handle_of<engine::table_tag>(tables_.size());
}

result<engine::global> fake_store::make_global(const global_type& type, value_slot initial)
{
  globals_.push_back({type, initial});
  return handle_of<engine::global_tag>(globals_.size());
}

result<std::vector<engine::global>> fake_store::make_i32_globals(std::span<const std::uint32_t> initial)
{
  std::vector<engine::global> made;
  for (const std::uint32_t value : initial) {
    made.push_back(*make_global({wasm::i32, true}, value_slot::of_i32(value)));
  }
  return made;
}

result<engine::tag> fake_store::make_tag(const tag_type&)
{
  return handle_of<engine::tag_tag>(++tags_);
}

result<engine::memory> fake_store::make_memory(const memory_type& type)
{
  memories_.push_back({type, std::vector<std::byte>(type.size.minimum * page_bytes), {}});
  return handle_of<engine::memory_tag>(memories_.size());
}

std::uint64_t fake_store::table_size(const engine::table& of)
{
  return tables_[number_of(of) - 1].elements.size();
}

engine::function fake_store::table_get(const engine::table& of, std::uint64_t index)
{
  const auto& elements = tables_[number_of(of) - 1].elements;
  const std::uint64_t number = index < elements.size() ? elements[index] : 0;
  return number == 0 ? engine::function{} : handle_of<engine::function_tag>(number);
}

result<void> fake_store::table_set(const engine::table& of, std::uint64_t index, const engine::function& value)
{
  auto& elements = tables_[number_of(of) - 1].elements;
  if (index >= elements.size()) {
    return refused("to set an element beyond the table's end");
  }
  ++changes_;
  elements[index] = is_null(value) ? 0 : number_of(value);
  return {};
}

result<std::uint64_t> fake_store::table_grow(const engine::table& of, std::uint64_t delta)
{
  table_object& table = tables_[number_of(of) - 1];
  const std::uint64_t before = table.elements.size();
  if (engine_.is_refused(fake_call::table_grow) || delta > table.maximum - before) {
    return fail(errc::table_exhausted, "the table cannot grow to " + std::to_string(before + delta));
  }
  ++changes_;
  table.elements.resize(before + delta);
  return before;
}

value_slot fake_store::global_get(const engine::global& of)
{
  return globals_[number_of(of) - 1].value;
}

void fake_store::global_set(const engine::global& of, value_slot value)
{
  global_object& global = globals_[number_of(of) - 1];
  if (global.type.is_mutable) {
    ++changes_;
    global.value = value;
  }
}

std::span<std::byte> fake_store::memory_data(const engine::memory& of)
{
  return bytes_of(number_of(of));
}

result<std::uint64_t> fake_store::memory_grow(const engine::memory& of, std::uint64_t delta_pages)
{
  if (engine_.is_refused(fake_call::memory_grow)) {
    return fail(errc::memory_exhausted, "the engine has no memory");
  }
  memory_object& memory = memories_[number_of(of) - 1];
  const std::uint64_t before = memory.own.size() / page_bytes;
  memory.own.resize((before + delta_pages) * page_bytes);
  return before;
}

function_type fake_store::type_of(const engine::function& of)
{
  return functions_[number_of(of) - 1].type;
}

result<void> fake_store::call(const engine::function& callee, std::span<value_slot> values)
{
  if (is_null(callee)) {
    return fail(errc::invalid_argument, "the null function cannot be called");
  }
  const std::uint64_t number = number_of(callee);
  const function_type type = functions_[number - 1].type;
  std::vector<std::uint64_t> stack;
  for (std::size_t i = 0; i < type.parameters.size(); ++i) {
    stack.push_back(type.parameters[i] == wasm::i32 ? values[i].i32() : values[i].i64());
  }
  if (auto called = fake_interpreter(*this).call(number, stack); !called) {
    return called;
  }
  for (std::size_t i = 0; i < type.results.size(); ++i) {
    values[i] = value_slot::of_i64(stack[i]);
  }
  return {};
}

std::vector<guest_frame> fake_store::backtrace()
{
  return {};
}

function_origin fake_store::origin_of(const engine::function& of) const
{
  if (is_null(of)) {
    return {};
  }
  const function_object& object = functions_[number_of(of) - 1];
  return {object.instance, object.index};
}

std::vector<std::uint64_t> fake_store::imported_globals(const engine::instance& of) const
{
  const instance_object& in = instances_[number_of(of) - 1];
  std::vector<std::uint64_t> values;
  for (std::uint32_t i = 0; i < in.module->layout().imported_globals; ++i) {
    values.push_back(globals_[in.globals[i] - 1].value.i32());
  }
  return values;
}

} // namespace interlink::support

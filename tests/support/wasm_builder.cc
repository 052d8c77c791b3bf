// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/wasm_builder.hh"

namespace interlink::support {

wasm_code& wasm_code::raw(std::initializer_list<unsigned> bytes)
{
  for (const unsigned byte : bytes) {
    out_.u8(static_cast<std::uint8_t>(byte));
  }
  return *this;
}

wasm_code& wasm_code::call_indirect(std::uint32_t type, std::uint32_t table)
{
  indexed(0x11, type);
  out_.u32(table);
  return *this;
}

wasm_code& wasm_code::return_call_indirect(std::uint32_t type, std::uint32_t table)
{
  indexed(0x13, type);
  out_.u32(table);
  return *this;
}

wasm_code& wasm_code::prefixed(std::uint8_t prefix, std::uint32_t number,
                               std::initializer_list<std::uint64_t> immediates)
{
  out_.u8(prefix);
  out_.u32(number);
  for (const std::uint64_t immediate : immediates) {
    out_.u64(immediate);
  }
  return *this;
}

wasm_code& wasm_code::append(const wasm_code& other)
{
  out_.bytes(other.bytes());
  return *this;
}

wasm_code& wasm_code::number(std::uint8_t opcode, std::int64_t value)
{
  out_.u8(opcode);
  out_.s64(value);
  return *this;
}

wasm_code& wasm_code::indexed(std::uint8_t opcode, std::uint32_t index)
{
  out_.u8(opcode);
  out_.u32(index);
  return *this;
}

std::uint32_t wasm_builder::type(const function_type& signature)
{
  for (const auto& [known, index] : known_types_) {
    if (known == signature) {
      return index;
    }
  }
  types_.add().type(signature);
  known_types_.emplace_back(signature, type_count_);
  return type_count_++;
}

std::uint32_t wasm_builder::raw_type(std::initializer_list<unsigned> bytes, std::uint32_t types)
{
  wasm_writer& out = types_.add();
  for (const unsigned byte : bytes) {
    out.u8(static_cast<std::uint8_t>(byte));
  }
  const std::uint32_t first = type_count_;
  type_count_ += types;
  return first;
}

wasm_writer& wasm_builder::import(std::string_view module_name, std::string_view name, extern_kind kind)
{
  wasm_writer& out = imports_.add();
  out.name(module_name);
  out.name(name);
  out.u8(static_cast<std::uint8_t>(kind));
  return out;
}

std::uint32_t wasm_builder::import_function(std::string_view module_name, std::string_view name,
                                            const function_type& signature)
{
  import(module_name, name, extern_kind::function).u32(type(signature));
  return function_count_++;
}

std::uint32_t wasm_builder::import_table(std::string_view module_name, std::string_view name, const table_type& type)
{
  table_of(import(module_name, name, extern_kind::table), type);
  return table_count_++;
}

std::uint32_t wasm_builder::import_memory(std::string_view module_name, std::string_view name, const memory_type& type)
{
  memory_of(import(module_name, name, extern_kind::memory), type);
  return memory_count_++;
}

std::uint32_t wasm_builder::import_global(std::string_view module_name, std::string_view name, const global_type& type)
{
  wasm_writer& out = import(module_name, name, extern_kind::global);
  out.type(type.value);
  out.u8(type.is_mutable ? 1 : 0);
  return global_count_++;
}

std::uint32_t wasm_builder::import_tag(std::string_view module_name, std::string_view name,
                                       const function_type& signature)
{
  wasm_writer& out = import(module_name, name, extern_kind::tag);
  out.u8(0);
  out.u32(type(signature));
  return tag_count_++;
}

std::uint32_t wasm_builder::function(const function_type& signature, const wasm_code& code,
                                     std::string_view export_name, const std::vector<value_type>& locals)
{
  functions_.add().u32(type(signature));
  wasm_writer body;
  body.u32(static_cast<std::uint32_t>(locals.size()));
  for (const value_type& local : locals) {
    body.u32(1);
    body.type(local);
  }
  body.bytes(code.bytes());
  body.u8(0x0b);
  wasm_writer& out = code_.add();
  out.u32(static_cast<std::uint32_t>(body.size()));
  out.bytes(body.written());
  maybe_export(export_name, extern_kind::function, function_count_);
  return function_count_++;
}

std::uint32_t wasm_builder::table(const table_type& type, std::string_view export_name)
{
  table_of(tables_.add(), type);
  maybe_export(export_name, extern_kind::table, table_count_);
  return table_count_++;
}

std::uint32_t wasm_builder::memory(const memory_type& type, std::string_view export_name)
{
  memory_of(memories_.add(), type);
  maybe_export(export_name, extern_kind::memory, memory_count_);
  return memory_count_++;
}

std::uint32_t wasm_builder::global(const global_type& type, const wasm_code& initial, std::string_view export_name)
{
  wasm_writer& out = globals_.add();
  out.type(type.value);
  out.u8(type.is_mutable ? 1 : 0);
  out.bytes(initial.bytes());
  out.u8(0x0b);
  maybe_export(export_name, extern_kind::global, global_count_);
  return global_count_++;
}

std::uint32_t wasm_builder::tag(const function_type& signature, std::string_view export_name)
{
  const std::uint32_t index = type(signature);
  wasm_writer& out = tags_.add();
  out.u8(0);
  out.u32(index);
  maybe_export(export_name, extern_kind::tag, tag_count_);
  return tag_count_++;
}

void wasm_builder::export_entry(std::string_view name, extern_kind kind, std::uint32_t index)
{
  wasm_writer& out = exports_.add();
  out.name(name);
  out.u8(static_cast<std::uint8_t>(kind));
  out.u32(index);
}

void wasm_builder::maybe_export(std::string_view name, extern_kind kind, std::uint32_t index)
{
  if (!name.empty()) {
    export_entry(name, kind, index);
  }
}

void wasm_builder::elements(const wasm_code& offset, const std::vector<std::uint32_t>& functions, std::uint32_t table)
{
  wasm_writer& out = elements_.add();
  out.u32(table == 0 ? 0 : 2);
  if (table != 0) {
    out.u32(table);
  }
  out.bytes(offset.bytes());
  out.u8(0x0b);
  if (table != 0) {
    out.u8(0);
  }
  out.u32(static_cast<std::uint32_t>(functions.size()));
  for (const std::uint32_t function : functions) {
    out.u32(function);
  }
}

void wasm_builder::raw_elements(std::initializer_list<unsigned> bytes)
{
  wasm_writer& out = elements_.add();
  for (const unsigned byte : bytes) {
    out.u8(static_cast<std::uint8_t>(byte));
  }
}

void wasm_builder::active_data(const wasm_code& offset, std::string_view bytes)
{
  wasm_writer& out = data_.add();
  out.u32(0);
  out.bytes(offset.bytes());
  out.u8(0x0b);
  out.name(bytes);
}

void wasm_builder::passive_data(std::string_view bytes)
{
  wasm_writer& out = data_.add();
  out.u32(1);
  out.name(bytes);
  has_passive_data_ = true;
}

void wasm_builder::custom(std::string_view name, std::span<const std::byte> content)
{
  wasm_writer payload;
  payload.name(name);
  payload.bytes(content);
  customs_.section(0, payload.written());
}

void wasm_builder::dylink(const dylink_info& info)
{
  dylink_ = info;
}

void wasm_builder::dylink_export_flags(std::string_view name, std::uint32_t flags)
{
  wasm_writer& out = export_flags_.add();
  out.name(name);
  out.u32(flags);
}

void wasm_builder::dylink_import_flags(std::string_view module_name, std::string_view name, std::uint32_t flags)
{
  wasm_writer& out = import_flags_.add();
  out.name(module_name);
  out.name(name);
  out.u32(flags);
}

void wasm_builder::dylink_subsection(std::uint8_t id, std::span<const std::byte> content)
{
  dylink_rest_.section(id, content);
}

void wasm_builder::side_module_imports()
{
  import_memory("env", "memory", {{1, 65536}, true, false, 16});
  import_table("env", "__indirect_function_table", {wasm::funcref, {0, std::nullopt}, false});
  import_global("env", "__memory_base", {wasm::i32, false});
  import_global("env", "__table_base", {wasm::i32, false});
}

void wasm_builder::limits(wasm_writer& out, const size_limits& size, unsigned flags)
{
  out.u8(static_cast<std::uint8_t>(flags | (size.maximum ? 1U : 0U)));
  out.u64(size.minimum);
  if (size.maximum) {
    out.u64(*size.maximum);
  }
}

void wasm_builder::table_of(wasm_writer& out, const table_type& type)
{
  out.type(type.element);
  limits(out, type.size, type.is_64 ? 4U : 0U);
}

void wasm_builder::memory_of(wasm_writer& out, const memory_type& type)
{
  const bool has_page_size = type.page_size_log2 != 16;
  limits(out, type.size, (type.is_shared ? 2U : 0U) | (type.is_64 ? 4U : 0U) | (has_page_size ? 8U : 0U));
  if (has_page_size) {
    out.u32(type.page_size_log2);
  }
}

void wasm_builder::section(wasm_writer& out, std::uint8_t id, const counted& content)
{
  if (content.count == 0) {
    return;
  }
  wasm_writer payload;
  payload.u32(content.count);
  payload.bytes(content.out.written());
  out.section(id, payload.written());
}

void wasm_builder::dylink_section(wasm_writer& out) const
{
  const auto names = [](const std::vector<std::string>& values) {
    wasm_writer list;
    list.u32(static_cast<std::uint32_t>(values.size()));
    for (const std::string& value : values) {
      list.name(value);
    }
    return list;
  };
  wasm_writer payload;
  payload.name("dylink.0");
  wasm_writer memory;
  memory.u32(dylink_->memory_size);
  memory.u32(dylink_->memory_alignment_log2);
  memory.u32(dylink_->table_size);
  memory.u32(dylink_->table_alignment_log2);
  payload.section(1, memory.written());
  if (!dylink_->needed.empty()) {
    payload.section(2, names(dylink_->needed).written());
  }
  section(payload, 3, export_flags_);
  section(payload, 4, import_flags_);
  if (!dylink_->runtime_path.empty()) {
    payload.section(5, names(dylink_->runtime_path).written());
  }
  payload.bytes(dylink_rest_.written());
  out.section(0, payload.written());
}

std::vector<std::byte> wasm_builder::build() const
{
  wasm_writer out;
  out.header();
  if (dylink_) {
    dylink_section(out);
  }
  section(out, 1, types_);
  section(out, 2, imports_);
  section(out, 3, functions_);
  section(out, 4, tables_);
  section(out, 5, memories_);
  section(out, 13, tags_);
  section(out, 6, globals_);
  section(out, 7, exports_);
  if (start_) {
    wasm_writer payload;
    payload.u32(*start_);
    out.section(8, payload.written());
  }
  section(out, 9, elements_);
  if (has_passive_data_) {
    wasm_writer payload;
    payload.u32(data_.count);
    out.section(12, payload.written());
  }
  section(out, 10, code_);
  section(out, 11, data_);
  out.bytes(customs_.written());
  return out.take();
}

} // namespace interlink::support

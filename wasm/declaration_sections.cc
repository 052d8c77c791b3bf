// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports, exports and the declarations between them.
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "wasm/index_space.hh"
#include "wasm/section_readers.hh"

namespace interlink {

namespace {

// Bits of a limits byte.
constexpr std::uint8_t has_maximum = 1;
constexpr std::uint8_t is_shared = 2;
constexpr std::uint8_t is_64_bit = 4;
constexpr std::uint8_t has_page_size = 8;

size_limits read_size_limits(binary_reader& in, std::uint8_t flags)
{
  const std::uint64_t start = in.offset();
  const auto read_size = [&] {
    return (flags & is_64_bit) != 0 ? in.u64() : std::uint64_t{in.u32()};
  };
  size_limits size;
  size.minimum = read_size();
  if ((flags & has_maximum) != 0) {
    size.maximum = read_size();
    if (in.ok() && *size.maximum < size.minimum) {
      in.fail(errc::malformed_module, "maximum size is below the minimum", start);
    }
  }
  return size;
}

std::uint32_t read_function_type_index(binary_reader& in, const module_layout& layout)
{
  const std::uint64_t start = in.offset();
  const std::uint32_t index = in.u32();
  if (in.ok() && (index >= layout.types.size() || layout.types[index].form != type_form::function)) {
    in.fail(errc::malformed_module, "type " + std::to_string(index) + " is not a function type", start);
  }
  return index;
}

std::uint32_t read_tag_type_index(binary_reader& in, const module_layout& layout)
{
  if (in.u8() != 0) {
    in.fail("unknown tag attribute");
  }
  return read_function_type_index(in, layout);
}

template <class T>
void append(binary_reader& in, std::vector<T>& space, T entry, std::size_t limit)
{
  if (space.size() >= limit) {
    in.fail(errc::limit_exceeded, "more than " + std::to_string(limit) + " entries in one index space", in.offset());
  }
  if (in.ok()) {
    space.push_back(std::move(entry));
  }
}

void read_import_type(binary_reader& in, module_layout& into, import_entry& entry)
{
  switch (entry.kind) {
  case extern_kind::function:
    entry.index = into.imported_functions++;
    append(in, into.functions, read_function_type_index(in, into), limit::functions);
    break;
  case extern_kind::table:
    entry.index = into.imported_tables++;
    append(in, into.tables, read_table_type(in, into), limit::tables);
    break;
  case extern_kind::memory:
    entry.index = into.imported_memories++;
    append(in, into.memories, read_memory_type(in), limit::memories);
    break;
  case extern_kind::global:
    entry.index = into.imported_globals++;
    append(in, into.globals, global_entry{read_global_type(in, into), {}}, limit::globals);
    if (in.ok() && !into.globals.back().type.is_mutable) {
      into.globals.back().value = linear_value{0, entry.index};
    }
    break;
  case extern_kind::tag:
    entry.index = into.imported_tags++;
    append(in, into.tags, read_tag_type_index(in, into), limit::tags);
    break;
  }
}

} // namespace

table_type read_table_type(binary_reader& in, const module_layout& layout)
{
  table_type type;
  const std::uint64_t start = in.offset();
  type.element = read_value_type(in, layout.types.size());
  if (in.ok() && type.element.code != 0x63 && type.element.code != 0x64) {
    in.fail(errc::malformed_module, "a table's elements must be references", start);
  }
  const std::uint8_t flags = in.u8();
  if (in.ok() && (flags & is_shared) != 0) {
    in.fail(errc::unsupported_module, "shared tables are not supported", start);
  }
  if (in.ok() && flags > (has_maximum | is_64_bit)) {
    in.fail(errc::malformed_module, "unknown bits in a table's limits", start);
  }
  type.is_64 = (flags & is_64_bit) != 0;
  type.size = read_size_limits(in, flags);
  return type;
}

memory_type read_memory_type(binary_reader& in)
{
  memory_type type;
  const std::uint64_t start = in.offset();
  const std::uint8_t flags = in.u8();
  if (in.ok() && flags > (has_maximum | is_shared | is_64_bit | has_page_size)) {
    in.fail(errc::malformed_module, "unknown bits in a memory's limits", start);
  }
  type.is_shared = (flags & is_shared) != 0;
  type.is_64 = (flags & is_64_bit) != 0;
  type.size = read_size_limits(in, flags);
  if (in.ok() && type.is_shared && !type.size.maximum) {
    in.fail(errc::malformed_module, "a shared memory must have a maximum", start);
  }
  if ((flags & has_page_size) != 0) {
    const std::uint32_t log2 = in.u32();
    if (in.ok() && log2 > 16) {
      in.fail(errc::malformed_module, "page size above 64 KiB", start);
    }
    type.page_size_log2 = static_cast<std::uint8_t>(log2);
  }
  return type;
}

global_type read_global_type(binary_reader& in, const module_layout& layout)
{
  global_type type;
  type.value = read_value_type(in, layout.types.size());
  const std::uint64_t start = in.offset();
  const std::uint8_t mutability = in.u8();
  if (in.ok() && mutability > 1) {
    in.fail(errc::malformed_module, "mutability of a global is neither 0 nor 1", start);
  }
  type.is_mutable = mutability == 1;
  return type;
}

void read_import_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::imports, 4, "imports");
  into.imports.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    import_entry entry;
    entry.module_name = in.name(limit::name_bytes, "import module name");
    entry.name = in.name(limit::name_bytes, "import name");
    const std::uint64_t start = in.offset();
    const std::uint8_t kind = in.u8();
    if (kind == 0x7f || kind == 0x7e) {
      in.fail(errc::unsupported_module, "the compact encoding of imports is not supported", start);
    } else if (kind > static_cast<std::uint8_t>(extern_kind::tag)) {
      in.fail(errc::malformed_module, "unknown kind of import " + std::to_string(kind), start);
    } else if (in.ok()) {
      entry.kind = static_cast<extern_kind>(kind);
      read_import_type(in, into, entry);
      into.imports.push_back(entry);
    }
  }
}

void read_function_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::functions, 1, "functions");
  into.functions.reserve(into.functions.size() + count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    append(in, into.functions, read_function_type_index(in, into), limit::functions);
  }
}

void read_table_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::tables, 3, "tables");
  constant_expression_reader expressions(into);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    // 0x40 0x00 in front of a table type: an initial value follows it.
    const bool has_initial_value = in.peek() == 0x40;
    if (has_initial_value && (in.u8(), in.u8()) != 0) {
      in.fail("unknown encoding of a table with an initial value");
    }
    append(in, into.tables, read_table_type(in, into), limit::tables);
    if (in.ok() && into.tables.back().size.minimum > limit::table_elements) {
      in.fail(errc::limit_exceeded,
              "table of " + std::to_string(into.tables.back().size.minimum) + " elements, the limit is " +
                  std::to_string(limit::table_elements),
              in.offset());
    }
    if (has_initial_value) {
      expressions.read(in);
    }
  }
}

void read_memory_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::memories, 2, "memories");
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    append(in, into.memories, read_memory_type(in), limit::memories);
  }
}

void read_tag_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::tags, 2, "tags");
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    append(in, into.tags, read_tag_type_index(in, into), limit::tags);
  }
}

void read_global_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::globals, 4, "globals");
  into.globals.reserve(into.globals.size() + count);
  constant_expression_reader expressions(into);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    global_entry entry;
    entry.type = read_global_type(in, into);
    const constant_value initial = expressions.read(in);
    const bool is_integer = entry.type.value == wasm::i32 || entry.type.value == wasm::i64;
    if (!entry.type.is_mutable && is_integer) {
      entry.value = initial.integer;
    }
    append(in, into.globals, entry, limit::globals);
  }
}

void read_export_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::exports, 3, "exports");
  into.exports.reserve(count);
  std::unordered_set<std::string_view> names;
  names.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    export_entry entry;
    const std::uint64_t start = in.offset();
    entry.name = in.name(limit::name_bytes, "export name");
    const std::uint8_t kind = in.u8();
    if (in.ok() && kind > static_cast<std::uint8_t>(extern_kind::tag)) {
      in.fail(errc::malformed_module, "unknown kind of export " + std::to_string(kind), start);
      return;
    }
    entry.kind = static_cast<extern_kind>(kind);
    entry.index = in.u32();
    if (in.ok() && entry.index >= count_of(into, entry.kind)) {
      in.fail(errc::malformed_module,
              "export " + std::string(entry.name) + " names " + std::string(to_string(entry.kind)) + " " +
                  std::to_string(entry.index) + ", which does not exist",
              start);
    }
    if (in.ok() && !names.insert(entry.name).second) {
      in.fail(errc::malformed_module, "export " + std::string(entry.name) + " is there twice", start);
    }
    into.exports.push_back(entry);
  }
}

void read_start_section(binary_reader& in, module_layout& into)
{
  const std::uint64_t start = in.offset();
  const std::uint32_t function = in.u32();
  if (in.ok() && function >= into.functions.size()) {
    in.fail(errc::malformed_module, "start function " + std::to_string(function) + " does not exist", start);
  }
  if (in.ok() && into.signature_of(function) != function_type{}) {
    in.fail(errc::malformed_module, "start function has type " + to_string(into.signature_of(function)), start);
  }
  if (in.ok()) {
    into.start_function = function;
  }
}

} // namespace interlink

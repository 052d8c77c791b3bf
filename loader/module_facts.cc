// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/module_facts.hh"

#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "wasm/binary_reader.hh"
#include "wasm/export_index.hh"
#include "wasm/wasm_writer.hh"

namespace interlink {

namespace {

// Each aggregate is taken apart whole by a structured binding: with a new member, this file does not compile until
// somebody has decided what becomes of it.

class packer {
public:
  std::vector<std::byte> take() { return out_.take(); }

  void add(bool value) { out_.u8(value ? 1 : 0); }

  void add(std::uint8_t value) { out_.u8(value); }

  void add(std::uint32_t value) { out_.u32(value); }

  void add(std::uint64_t value) { out_.u64(value); }

  void add(std::int64_t value) { out_.s64(value); }

  void add(initialiser_kind value) { out_.u8(static_cast<std::uint8_t>(value)); }

  void add(const std::string& text) { out_.name(text); }

  template <class T>
  void add(const std::optional<T>& value)
  {
    add(value.has_value());
    if (value) {
      add(*value);
    }
  }

  template <class T>
  void add(const std::vector<T>& values)
  {
    out_.u64(values.size());
    for (const T& each : values) {
      add(each);
    }
  }

  void add(const std::vector<std::byte>& bytes)
  {
    out_.u64(bytes.size());
    out_.bytes(bytes);
  }

  void add(const value_type& value)
  {
    const auto& [code, heap] = value;
    add_all(code, heap);
  }

  void add(const function_type& value)
  {
    const auto& [parameters, results] = value;
    add_all(parameters, results);
  }

  void add(const size_limits& value)
  {
    const auto& [minimum, maximum] = value;
    add_all(minimum, maximum);
  }

  void add(const table_type& value)
  {
    const auto& [element, size, is_64] = value;
    add_all(element, size, is_64);
  }

  void add(const memory_type& value)
  {
    const auto& [size, is_shared, is_64, page_size_log2] = value;
    add_all(size, is_shared, is_64, page_size_log2);
  }

  void add(const global_type& value)
  {
    const auto& [content, is_mutable] = value;
    add_all(content, is_mutable);
  }

  void add(const tag_type& value)
  {
    const auto& [signature] = value;
    add(signature);
  }

  void add(const extern_type& value)
  {
    out_.u8(static_cast<std::uint8_t>(value.index()));
    std::visit([this](const auto& type) { add(type); }, value);
  }

  void add(const dylink_info& value)
  {
    const auto& [memory_size, memory_alignment, table_size, table_alignment, needed, runtime_path] = value;
    add_all(memory_size, memory_alignment, table_size, table_alignment, needed, runtime_path);
  }

  void add(const import_info& value)
  {
    const auto& [module_name, name, type, flags] = value;
    add_all(module_name, name, type, flags);
  }

  void add(const export_info& value)
  {
    const auto& [name, type, index, flags, constant] = value;
    add_all(name, type, index, flags, constant);
  }

  void add(const element_function& value)
  {
    const auto& [function_index, offset, is_relative] = value;
    add_all(function_index, offset, is_relative);
  }

  void add(const module_info& value)
  {
    const auto& [dylink, imports, exports, export_index, canonical_export, imported_functions, defined_functions,
                 memories, tables, elements, element_of_function, start_function, start, init_tls, data_relocations,
                 active_segments, passive_segments, legacy_exceptions, wait_or_notify, tls_size, tls_alignment, name,
                 soname, grows_memory] = value;
    // Not the indexes: they are made again.
    add_all(dylink, imports, exports, imported_functions, defined_functions, memories, tables, elements, start_function,
            start, init_tls, data_relocations, active_segments, passive_segments, legacy_exceptions, wait_or_notify,
            tls_size, tls_alignment, name, soname, grows_memory);
  }

  void add(const module_places& value)
  {
    const auto& [engine_name, hash, code, info] = value; // not `info`: the module's
    const auto [original_begin, rewritten_begin, edits] = code.take_apart();
    add_all(engine_name, hash, original_begin, rewritten_begin, edits);
  }

private:
  template <class... T>
  void add_all(const T&... values)
  {
    (add(values), ...);
  }

  wasm_writer out_;
};

class unpacker {
public:
  explicit unpacker(std::span<const std::byte> bytes) : in_(bytes) {}

  bool has_read_all() const { return in_.ok() && in_.at_end(); }

  template <class T>
  T get()
  {
    T value{};
    read(value);
    return value;
  }

private:
  void read(bool& value) { value = number(1) != 0; }

  void read(std::uint8_t& value) { value = in_.u8(); }

  void read(std::vector<std::byte>& bytes)
  {
    const auto given = in_.bytes(in_.count(std::numeric_limits<std::uint32_t>::max(), 1, "bytes"));
    bytes.assign(given.begin(), given.end());
  }

  void read(std::uint32_t& value) { value = in_.u32(); }

  void read(std::uint64_t& value) { value = in_.u64(); }

  void read(std::int64_t& value) { value = in_.s64(); }

  void read(initialiser_kind& value)
  {
    value = static_cast<initialiser_kind>(number(static_cast<std::uint8_t>(initialiser_kind::open)));
  }

  void read(std::string& text) { text = in_.name(std::numeric_limits<std::uint32_t>::max(), "text"); }

  template <class T>
  void read(std::optional<T>& value)
  {
    if (get<bool>()) {
      value = get<T>();
    }
  }

  template <class T>
  void read(std::vector<T>& values)
  {
    const std::uint32_t count = in_.count(std::numeric_limits<std::uint32_t>::max(), 1, "list");
    values.reserve(count);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
      values.push_back(get<T>());
    }
  }

  void read(value_type& value)
  {
    auto& [code, heap] = value;
    read_all(code, heap);
  }

  void read(function_type& value)
  {
    auto& [parameters, results] = value;
    read_all(parameters, results);
  }

  void read(size_limits& value)
  {
    auto& [minimum, maximum] = value;
    read_all(minimum, maximum);
  }

  void read(table_type& value)
  {
    auto& [element, size, is_64] = value;
    read_all(element, size, is_64);
  }

  void read(memory_type& value)
  {
    auto& [size, is_shared, is_64, page_size_log2] = value;
    read_all(size, is_shared, is_64, page_size_log2);
  }

  void read(global_type& value)
  {
    auto& [content, is_mutable] = value;
    read_all(content, is_mutable);
  }

  void read(tag_type& value)
  {
    auto& [signature] = value;
    read(signature);
  }

  void read(extern_type& value)
  {
    switch (static_cast<extern_kind>(number(static_cast<std::uint8_t>(extern_kind::tag)))) {
    case extern_kind::function:
      value = get<function_type>();
      break;
    case extern_kind::table:
      value = get<table_type>();
      break;
    case extern_kind::memory:
      value = get<memory_type>();
      break;
    case extern_kind::global:
      value = get<global_type>();
      break;
    case extern_kind::tag:
      value = get<tag_type>();
      break;
    }
  }

  void read(dylink_info& value)
  {
    auto& [memory_size, memory_alignment, table_size, table_alignment, needed, runtime_path] = value;
    read_all(memory_size, memory_alignment, table_size, table_alignment, needed, runtime_path);
  }

  void read(import_info& value)
  {
    auto& [module_name, name, type, flags] = value;
    read_all(module_name, name, type, flags);
  }

  void read(export_info& value)
  {
    auto& [name, type, index, flags, constant] = value;
    read_all(name, type, index, flags, constant);
  }

  void read(element_function& value)
  {
    auto& [function_index, offset, is_relative] = value;
    read_all(function_index, offset, is_relative);
  }

  void read(module_info& value)
  {
    auto& [dylink, imports, exports, export_index, canonical_export, imported_functions, defined_functions, memories,
           tables, elements, element_of_function, start_function, start, init_tls, data_relocations, active_segments,
           passive_segments, legacy_exceptions, wait_or_notify, tls_size, tls_alignment, name, soname, grows_memory] =
        value;
    read_all(dylink, imports, exports, imported_functions, defined_functions, memories, tables, elements,
             start_function, start, init_tls, data_relocations, active_segments, passive_segments, legacy_exceptions,
             wait_or_notify, tls_size, tls_alignment, name, soname, grows_memory);
    element_of_function.reserve(elements.size());
    for (std::uint32_t i = 0; i < elements.size(); ++i) {
      element_of_function.try_emplace(elements[i].function_index, i);
    }
    index_exports(value);
  }

  void read(module_places& value)
  {
    auto& [engine_name, hash, code, info] = value;
    code_map::parts parts;
    auto& [original_begin, rewritten_begin, edits] = parts;
    read_all(engine_name, hash, original_begin, rewritten_begin, edits);
    code = code_map(std::move(parts));
  }

  std::uint8_t number(std::uint8_t most)
  {
    const std::uint8_t value = in_.u8();
    if (value > most) {
      in_.fail("number out of range");
      return 0;
    }
    return value;
  }

  template <class... T>
  void read_all(T&... values)
  {
    (read(values), ...);
  }

  binary_reader in_;
};

} // namespace

std::vector<std::byte> pack(const module_facts& facts)
{
  packer out;
  out.add(*facts.info);
  out.add(facts.imports_control_memory);
  out.add(facts.imports_runtime_table);
  out.add(facts.can_start_again);
  out.add(*facts.places);
  return out.take();
}

std::optional<module_facts> unpack_facts(std::span<const std::byte> bytes)
{
  unpacker in(bytes);
  module_facts facts;
  facts.info = std::make_shared<const module_info>(in.get<module_info>());
  facts.imports_control_memory = in.get<bool>();
  facts.imports_runtime_table = in.get<bool>();
  facts.can_start_again = in.get<bool>();
  auto places = in.get<module_places>();
  places.info = facts.info;
  facts.places = std::make_shared<const module_places>(std::move(places));
  return in.has_read_all() ? std::optional(std::move(facts)) : std::nullopt;
}

} // namespace interlink

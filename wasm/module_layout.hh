// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The standard sections of a module, decoded as far as linking and instrumenting need, with the places they were found
// at. The first pass of both read_module and instrument; code bodies are framed here and walked elsewhere.
#pragma once

#include "messages/limits.hh"
#include "messages/wasm_types.hh"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wasm/binary_reader.hh"

namespace interlink {

/// Section ids of the binary format.
namespace section_id {
inline constexpr std::uint8_t custom = 0;
inline constexpr std::uint8_t type = 1;
inline constexpr std::uint8_t import = 2;
inline constexpr std::uint8_t function = 3;
inline constexpr std::uint8_t table = 4;
inline constexpr std::uint8_t memory = 5;
inline constexpr std::uint8_t global = 6;
inline constexpr std::uint8_t exports = 7;
inline constexpr std::uint8_t start = 8;
inline constexpr std::uint8_t element = 9;
inline constexpr std::uint8_t code = 10;
inline constexpr std::uint8_t data = 11;
inline constexpr std::uint8_t data_count = 12;
inline constexpr std::uint8_t tag = 13;
} // namespace section_id

/// Where a section lies in the module's bytes.
struct section_place {
  std::uint8_t id{};
  std::size_t begin{};   ///< of the id byte
  std::size_t content{}; ///< of the payload; for a custom section, of what follows the name
  std::size_t end{};
  std::string_view name; ///< of a custom section
};

enum class type_form : std::uint8_t { function, structure, array };

struct type_entry {
  type_form form = type_form::function;
  function_type signature; ///< of a function
};

/// An integer known up to the value of one imported global: `constant`, plus that global when there is a base.
struct linear_value {
  std::uint64_t constant{};
  std::optional<std::uint32_t> base_global;
};

/// What a constant expression computes, where that can be told from the bytes.
struct constant_value {
  std::optional<linear_value> integer;
  std::optional<std::uint32_t> function_index; ///< of a ref.func
};

struct global_entry {
  global_type type;
  std::optional<linear_value> value; ///< of an immutable one
};

struct import_entry {
  std::string_view module_name;
  std::string_view name;
  extern_kind kind{};
  std::uint32_t index{}; ///< in its index space
};

struct export_entry {
  std::string_view name;
  extern_kind kind{};
  std::uint32_t index{};
};

/// One segment of the element section. `flags` are the format's: 1 not active, 2 explicit table, 4 expressions.
struct element_segment {
  std::uint32_t flags{};
  std::uint32_t table{};
  std::size_t begin{};    ///< of the flags
  std::size_t offset{};   ///< of the offset expression, for an active one
  std::size_t contents{}; ///< of what follows the offset expression
  std::size_t end{};
  std::optional<linear_value> offset_value;

  bool is_active() const noexcept { return (flags & 1U) == 0; }
};

/// A function at a place of an active segment.
struct segment_function {
  std::uint32_t segment{};
  std::uint32_t position{};
  std::uint32_t function_index{};
};

struct code_body {
  std::size_t begin{}; ///< of the local declarations
  std::size_t size{};
};

/// Names are views into the module's bytes. Context: immutable once read.
struct module_layout {
  std::span<const std::byte> bytes;
  std::vector<section_place> sections;

  std::vector<type_entry> types;
  std::vector<import_entry> imports;
  std::vector<export_entry> exports;

  // Index spaces, imports first.
  std::vector<std::uint32_t> functions; ///< type index of each
  std::vector<table_type> tables;
  std::vector<memory_type> memories;
  std::vector<global_entry> globals;
  std::vector<std::uint32_t> tags; ///< type index of each

  std::uint32_t imported_functions{};
  std::uint32_t imported_tables{};
  std::uint32_t imported_memories{};
  std::uint32_t imported_globals{};
  std::uint32_t imported_tags{};

  std::optional<std::uint32_t> start_function;
  std::vector<element_segment> elements;
  std::vector<segment_function> element_functions;
  std::optional<std::uint32_t> data_count;
  std::uint32_t active_data_segments{};
  std::uint32_t passive_data_segments{};
  std::vector<std::uint32_t> active_data_memories; ///< memory of each active data segment
  std::vector<code_body> bodies;

  const section_place* find_section(std::uint8_t id) const noexcept;

  const function_type& signature_of(std::uint32_t function_index) const
  {
    return types[functions[function_index]].signature;
  }

  extern_type type_of(extern_kind kind, std::uint32_t index) const;

  /// The import `env.__indirect_function_table`, by its index.
  std::optional<std::uint32_t> function_table() const;
  /// The import `env.__stack_pointer`, a mutable i32, by its index.
  std::optional<std::uint32_t> stack_pointer() const;
  /// The import `env.memory`, else the first imported memory, by its index.
  std::optional<std::uint32_t> linked_memory() const;
};

/// A value type of the binary format. Context: any thread.
value_type read_value_type(binary_reader& in, std::size_t type_count);

} // namespace interlink

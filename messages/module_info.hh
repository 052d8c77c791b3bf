// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What linking needs to know of a module: facts read from its bytes, and nothing else. Made by
// wasm/module_reader.hh, immutable afterwards, shared by every snapshot that has the module.
#pragma once

#include "messages/wasm_types.hh"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace interlink {

/// Bits of dylink.0 symbol flags. Source: tool-conventions, Linking.md, WASM_SYMBOL_*.
namespace symbol_flag {
inline constexpr std::uint32_t binding_weak = 0x1;
inline constexpr std::uint32_t binding_local = 0x2;
inline constexpr std::uint32_t visibility_hidden = 0x4;
inline constexpr std::uint32_t undefined = 0x10;
inline constexpr std::uint32_t exported = 0x20;
inline constexpr std::uint32_t tls = 0x100;
inline constexpr std::uint32_t absolute = 0x200;
} // namespace symbol_flag

/// Lets a map with string keys be searched by a string view, without making a string.
struct symbol_name_hash {
  using is_transparent = void;

  std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
};

using symbol_index = std::unordered_map<std::string, std::uint32_t, symbol_name_hash, std::equal_to<>>;

struct import_info {
  std::string module_name; ///< `env`, `GOT.mem`, `wasi_snapshot_preview1`, ...
  std::string name;
  extern_type type;
  std::uint32_t flags{}; ///< from dylink.0 import info, also when that files it under `env`

  bool is_weak() const { return (flags & symbol_flag::binding_weak) != 0; }
};

struct export_info {
  std::string name;
  extern_type type;
  std::uint32_t index{};              ///< in its index space, imports first
  std::uint32_t flags{};              ///< from dylink.0 export info
  std::optional<std::uint64_t> value; ///< of an immutable integer global whose initialiser is constant

  bool is_tls() const { return (flags & symbol_flag::tls) != 0; }

  bool is_hidden() const { return (flags & symbol_flag::visibility_hidden) != 0; }
};

/// The dylink.0 section. Source: tool-conventions, DynamicLinking.md. Alignments are log2.
struct dylink_info {
  std::uint32_t memory_size{};
  std::uint32_t memory_alignment_log2{};
  std::uint32_t table_size{};
  std::uint32_t table_alignment_log2{};
  std::vector<std::string> needed;
  std::vector<std::string> runtime_path;
};

/// The code that runs at a module's instantiation: closed if it can reach no other module and cannot wait.
enum class initialiser_kind : std::uint8_t {
  none,
  closed, ///< reaches no import and no indirect call: safe in phase 1 of a catch up
  open,   ///< anything else: queued for phase 2
};

/// A function that the module puts in its own part of the function table by an active element segment.
struct element_function {
  std::uint32_t function_index{};
  std::uint32_t offset{};  ///< slot less table base; the slot itself when not `is_relative`
  bool is_relative = true; ///< the segment's offset is `__table_base` plus a constant
};

/// Facts of one module. Context: immutable.
struct module_info {
  std::optional<dylink_info> dylink; ///< absent: a static program
  std::vector<import_info> imports;  ///< in the module's own order
  std::vector<export_info> exports;
  symbol_index export_index; ///< name to place in `exports`
  /// By export ordinal: the first export of the same function, which names it canonically (one function, one slot).
  /// Of any other kind: the ordinal itself. Filled by `index_exports` in wasm/export_index.hh.
  std::vector<std::uint32_t> canonical_export;

  std::uint32_t imported_function_count{};
  std::uint32_t defined_function_count{};
  std::vector<memory_type> defined_memories;
  std::vector<table_type> defined_tables;
  std::vector<element_function> element_functions; ///< in segment order
  std::unordered_map<std::uint32_t, std::uint32_t>
      element_of_function; ///< function index to place in element_functions, first wins

  std::optional<std::uint32_t> start_function;
  initialiser_kind start = initialiser_kind::none;
  initialiser_kind init_tls = initialiser_kind::none;         ///< of the export `__wasm_init_tls`
  initialiser_kind data_relocations = initialiser_kind::none; ///< of the export `__wasm_apply_data_relocs`

  std::uint32_t active_data_segment_count{};
  std::uint32_t passive_data_segment_count{};
  bool uses_legacy_exceptions = false;
  bool has_wait_or_notify = false;

  std::uint64_t tls_size{};      ///< value of the exported global `__tls_size`, 0 when absent
  std::uint64_t tls_alignment{}; ///< value of `__tls_align` in bytes, 1 when absent

  std::string name; ///< module name of the `name` section; empty when absent
  std::string
      soname; ///< the name by which the library is asked for, of the section `interlink.soname`; empty when absent

  /// It takes the address of `__heap_base` or `__heap_end`, and calls `memory.grow`: it holds an allocator.
  bool grows_memory = false;

  /// The place of the export of that name in `exports`, or nothing.
  std::optional<std::uint32_t> find_export_ordinal(std::string_view export_name) const
  {
    const auto found = export_index.find(export_name);
    return found == export_index.end() ? std::nullopt : std::optional(found->second);
  }

  /// The export of that name, or null.
  const export_info* find_export(std::string_view export_name) const
  {
    const auto found = export_index.find(export_name);
    return found == export_index.end() ? nullptr : &exports[found->second];
  }
};

using module_info_ptr = std::shared_ptr<const module_info>;

} // namespace interlink

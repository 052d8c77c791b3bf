// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds wasm modules in a few lines, so that the module under test is visible in the test. Knows bytes only.
//
//   wasm_builder module;
//   module.dylink({.table_size = 1});
//   const auto print = module.import_function("env", "print", {{wasm::i32}, {}});
//   module.function({}, wasm_code().i32_const(7).call(print), "run");
//   const std::vector<std::byte> bytes = module.build();
#pragma once

#include "messages/module_info.hh"
#include "messages/wasm_types.hh"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasm/wasm_writer.hh"

namespace interlink::support {

/// The type that most functions of tests have.
inline const function_type none_to_none{};

/// Instructions of a function body or of a constant expression, without the last `end`.
class wasm_code {
public:
  wasm_code& raw(std::initializer_list<unsigned> bytes);

  wasm_code& i32_const(std::int32_t value) { return number(0x41, value); }

  wasm_code& i64_const(std::int64_t value) { return number(0x42, value); }

  wasm_code& local_get(std::uint32_t index) { return indexed(0x20, index); }

  wasm_code& global_get(std::uint32_t index) { return indexed(0x23, index); }

  wasm_code& global_set(std::uint32_t index) { return indexed(0x24, index); }

  wasm_code& table_get(std::uint32_t table) { return indexed(0x25, table); }

  wasm_code& call(std::uint32_t function) { return indexed(0x10, function); }

  wasm_code& return_call(std::uint32_t function) { return indexed(0x12, function); }

  wasm_code& call_indirect(std::uint32_t type, std::uint32_t table = 0);
  wasm_code& return_call_indirect(std::uint32_t type, std::uint32_t table = 0);

  wasm_code& i32_add() { return raw({0x6a}); }

  wasm_code& drop() { return raw({0x1a}); }

  wasm_code& unreachable() { return raw({0x00}); }

  /// `number` behind prefix byte `prefix`, then its immediates.
  wasm_code& prefixed(std::uint8_t prefix, std::uint32_t number, std::initializer_list<std::uint64_t> immediates = {});
  wasm_code& append(const wasm_code& other);

  std::span<const std::byte> bytes() const { return out_.written(); }

private:
  wasm_code& number(std::uint8_t opcode, std::int64_t value);
  wasm_code& indexed(std::uint8_t opcode, std::uint32_t index);

  wasm_writer out_;
};

/// Imports of an index space must all be added before its first definition.
class wasm_builder {
public:
  /// Adds the type unless it is there; returns its index.
  std::uint32_t type(const function_type& signature);
  /// Adds a type entry in the binary format; returns the index of its first type.
  std::uint32_t raw_type(std::initializer_list<unsigned> bytes, std::uint32_t types = 1);

  // Each returns the index in its space.
  std::uint32_t import_function(std::string_view module_name, std::string_view name, const function_type& signature);
  std::uint32_t import_table(std::string_view module_name, std::string_view name, const table_type& type);
  std::uint32_t import_memory(std::string_view module_name, std::string_view name, const memory_type& type);
  std::uint32_t import_global(std::string_view module_name, std::string_view name, const global_type& type);
  std::uint32_t import_tag(std::string_view module_name, std::string_view name, const function_type& signature);

  /// `locals` are declared one by one. Exported when `export_name` is not empty.
  std::uint32_t function(const function_type& signature, const wasm_code& code, std::string_view export_name = {},
                         const std::vector<value_type>& locals = {});
  std::uint32_t table(const table_type& type, std::string_view export_name = {});
  std::uint32_t memory(const memory_type& type, std::string_view export_name = {});
  std::uint32_t global(const global_type& type, const wasm_code& initial, std::string_view export_name = {});
  std::uint32_t tag(const function_type& signature, std::string_view export_name = {});

  void export_entry(std::string_view name, extern_kind kind, std::uint32_t index);

  void start(std::uint32_t function) { start_ = function; }

  /// An active segment of the table.
  void elements(const wasm_code& offset, const std::vector<std::uint32_t>& functions, std::uint32_t table = 0);
  /// A segment in the binary format, flags first.
  void raw_elements(std::initializer_list<unsigned> bytes);
  void active_data(const wasm_code& offset, std::string_view bytes);
  void passive_data(std::string_view bytes);
  void custom(std::string_view name, std::span<const std::byte> content);

  /// A dylink.0 section, written first.
  void dylink(const dylink_info& info = {});
  void dylink_export_flags(std::string_view name, std::uint32_t flags);
  void dylink_import_flags(std::string_view module_name, std::string_view name, std::uint32_t flags);
  /// One more subsection of dylink.0.
  void dylink_subsection(std::uint8_t id, std::span<const std::byte> content);

  /// What every side module with threads imports: a shared `env.memory`, the function table, `__memory_base` and
  /// `__table_base` (globals 0 and 1).
  void side_module_imports();

  std::vector<std::byte> build() const;

private:
  struct counted {
    std::uint32_t count{};
    wasm_writer out;

    wasm_writer& add()
    {
      ++count;
      return out;
    }
  };

  wasm_writer& import(std::string_view module_name, std::string_view name, extern_kind kind);
  void maybe_export(std::string_view name, extern_kind kind, std::uint32_t index);
  static void limits(wasm_writer& out, const size_limits& size, unsigned flags);
  static void table_of(wasm_writer& out, const table_type& type);
  static void memory_of(wasm_writer& out, const memory_type& type);
  static void section(wasm_writer& out, std::uint8_t id, const counted& content);
  void dylink_section(wasm_writer& out) const;

  std::vector<std::pair<function_type, std::uint32_t>> known_types_;
  std::uint32_t type_count_{};
  counted types_, imports_, functions_, tables_, memories_, tags_, globals_, exports_, elements_, code_, data_;
  std::uint32_t function_count_{}, table_count_{}, memory_count_{}, global_count_{}, tag_count_{};
  std::optional<std::uint32_t> start_;
  bool has_passive_data_ = false;
  wasm_writer customs_;
  std::optional<dylink_info> dylink_;
  counted export_flags_, import_flags_;
  wasm_writer dylink_rest_;
};

} // namespace interlink::support

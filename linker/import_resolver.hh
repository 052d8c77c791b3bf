// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decisions for one module's imports; the working part of linker/resolver.hh. Each `bind_` function answers one
// kind of import with its binding and notes what it found wrong; a binding that stands for a problem is never used,
// because a load with problems ends.
#pragma once

#include "linker/resolution.hh"
#include "linker/symbol_problems.hh"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace interlink {

/// Functions that need a slot and have none, each once, in order of first need. Context: a value.
class slot_wishes {
public:
  /// The function's place among those that `take` hands out.
  std::size_t of(const definition& function);
  std::size_t of_host(const import_info& function);

  std::vector<function_source> take() { return std::move(wanted_); }

private:
  std::vector<function_source> wanted_;
  std::map<std::pair<module_id, std::uint32_t>, std::size_t> functions_;
  std::map<std::tuple<std::string, std::string, extern_type>, std::size_t> host_functions_;
};

/// Resolves the imports of `input.modules[place]`. Context: one call of `resolve_imports`.
class import_resolver {
public:
  import_resolver(const resolver_input& input, std::size_t place, slot_wishes& wishes, symbol_problems& problems)
      : input_(input), place_(place), importer_(input.modules[place]), wishes_(wishes), problems_(problems)
  {
  }

  resolved_module resolve(std::vector<slot_use>& uses);

private:
  import_binding bind(const import_info& import, std::uint32_t ordinal);
  import_binding bind_from_env(const import_info& import, std::uint32_t ordinal);
  import_binding bind_from_host(const import_info& import);

  // env
  import_binding bind_function(const import_info& import, std::uint32_t ordinal);
  import_binding bind_found_function(const import_info& import, std::uint32_t ordinal, const definition& found);
  import_binding bind_thunk(const import_info& import, std::uint32_t ordinal, table_index slot);
  /// A thunk to a function of the host, which asks who calls it.
  import_binding bind_host_thunk(const import_info& host, const import_info& import, std::uint32_t ordinal);
  bool tells_caller(const import_info& import) const;
  /// The host's function that keeps the handlers which a library registers through this import.
  std::optional<import_info> find_registrar(const import_info& import) const;
  /// What a registration hands to the program's C library.
  void wish_for_handler_runners();
  import_binding bind_memory(const import_info& import);
  import_binding bind_table(const import_info& import);
  import_binding bind_stack_pointer(const import_info& import);
  import_binding bind_tag(const import_info& import);
  import_binding bind_object(const import_info& import);

  // GOT
  import_binding bind_data_address(const import_info& import);
  import_binding bind_found_data(const import_info& import, const definition& found);
  std::optional<import_binding> find_well_known(const import_info& import) const;
  import_binding bind_function_address(const import_info& import, std::uint32_t ordinal);
  import_binding bind_host_address(const import_info& import, std::uint32_t ordinal);
  import_binding bind_host_slot(const import_info& host, std::uint32_t ordinal);
  bool is_integer_global(const import_info& import);

  bool is_earlier(const linkable_module& provider) const;
  void note_provider(module_id provider);
  void note_use(bool is_thunk, std::uint32_t number, std::size_t wanted);
  import_binding missing(const import_info& import);
  import_binding unknown(const import_info& import);
  import_binding mismatch(const import_info& import, std::string expected, std::string found);
  import_binding refuse(const import_info& import, std::string message, std::string remedy);
  std::string name_of(const definition& found) const;

  const resolver_input& input_;
  std::size_t place_;
  const module_plan& importer_;
  slot_wishes& wishes_;
  symbol_problems& problems_;
  resolved_module resolved_;
  std::vector<slot_use> uses_;
};

} // namespace interlink

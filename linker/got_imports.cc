// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports from `GOT.mem` and `GOT.func`. Position-independent wasm takes the address of a thing of another module from
// a global that the linker provides, as ELF code takes it from the global offset table. A `GOT.mem` global holds the
// address of a datum. A `GOT.func` global holds a function's address, which in WebAssembly is its index in the table.
//
// That index must be one for the whole program: pointers to functions are compared, and travel between threads. Hence
// the canonical slot. The first import, `dlsym` or lazy call that needs the address of a function gives it a slot, and
// all later ones find that slot in the snapshot. A function of a module's own element segments has its slot already.
// The host's functions have slots as well, found by their names and types, because nothing else identifies them.
//
// Every value here is a constant of the plan, but for addresses of thread-local variables, which each group computes
// from its own block. Some names belong to the loader rather than to a module (`__heap_base`, `__dso_handle`, ...): a
// library's linker leaves them open, and they mean the importer's own where a library has its own.
#include "linker/group_blocks.hh"
#include "linker/import_resolver.hh"

#include <array>
#include <string_view>
#include <utility>

namespace interlink {

namespace {

enum class well_known : std::uint8_t { own_memory_base, own_table_base, heap_base, stack_low, stack_high };

/// Names that the linker supplies. Source: wasm-ld leaves them to a library's loader; `__dso_handle` is any address of
/// the module's own, and tells exit handlers of one module from those of another.
constexpr std::array<std::pair<std::string_view, well_known>, 7> well_known_names{{
    {"__dso_handle", well_known::own_memory_base},
    {"__memory_base", well_known::own_memory_base},
    {"__table_base", well_known::own_table_base},
    {"__heap_base", well_known::heap_base},
    {"__heap_end", well_known::heap_base},
    {"__stack_low", well_known::stack_low},
    {"__stack_high", well_known::stack_high},
}};

/// These mean the importer's own, whoever exports one: a main linked with --export-all exports its `__dso_handle`.
bool is_own_name(well_known kind)
{
  return kind == well_known::own_memory_base || kind == well_known::own_table_base;
}

std::optional<well_known> find_well_known_name(std::string_view name)
{
  for (const auto& [known, kind] : well_known_names) {
    if (known == name) {
      return kind;
    }
  }
  return std::nullopt;
}

} // namespace

bool import_resolver::is_integer_global(const import_info& import)
{
  const auto* type = std::get_if<global_type>(&import.type);
  if (type != nullptr && (type->value == wasm::i32 || type->value == wasm::i64)) {
    return true;
  }
  mismatch(import, "a global that holds an integer", to_string(import.type));
  return false;
}

std::optional<import_binding> import_resolver::find_well_known(const import_info& import) const
{
  const auto kind = find_well_known_name(import.name);
  if (!kind) {
    return std::nullopt;
  }
  switch (*kind) {
  case well_known::own_memory_base:
    return binding::constant{importer_.memory_base.value};
  case well_known::own_table_base:
    return binding::constant{importer_.table_base.value};
  case well_known::heap_base:
    return binding::constant{input_.layout.heap_base.value};
  case well_known::stack_low:
  case well_known::stack_high:
    // A fixed-address main places its stack itself; nobody else knows where.
    return input_.layout.is_fixed_address
               ? std::nullopt
               : std::optional<import_binding>(binding::stack_bound{*kind == well_known::stack_high});
  }
  return std::nullopt;
}

import_binding import_resolver::bind_data_address(const import_info& import)
{
  if (!is_integer_global(import)) {
    return binding::constant{};
  }
  const auto known = find_well_known_name(import.name);
  if (!known || !is_own_name(*known)) {
    if (const auto found = input_.scope.find(import.name)) {
      return bind_found_data(import, *found);
    }
  }
  if (const auto bound = find_well_known(import)) {
    return *bound;
  }
  return import.is_weak() ? binding::constant{} : missing(import);
}

import_binding import_resolver::bind_found_data(const import_info& import, const definition& found)
{
  const export_info& exported = found.exported();
  static const std::string expected = "an immutable integer global with a constant value";
  const auto* type = std::get_if<global_type>(&exported.type);
  if (type == nullptr) {
    return mismatch(import, expected, name_of(found));
  }
  if (type->is_mutable) {
    return mismatch(import, expected, "the address of a mutable global is asked for, " + name_of(found));
  }
  if (exported.is_tls() && exported.value) {
    if (!has_tls_block(*found.provider.info)) {
      problems_.refusals.push_back(tls_without_initialiser(found.provider.name));
      return binding::constant{};
    }
    note_provider(found.provider.id);
    return binding::tls_address{found.provider.id, *exported.value};
  }
  const auto address = data_address_of(exported, found.provider.memory_base);
  if (!address) {
    const std::string why = exported.value ? ", whose address is beyond 4 GiB" : ", whose value is not constant";
    return mismatch(import, expected, name_of(found) + why);
  }
  note_provider(found.provider.id);
  return binding::constant{address->value};
}

import_binding import_resolver::bind_function_address(const import_info& import, std::uint32_t ordinal)
{
  if (!is_integer_global(import)) {
    return binding::constant{};
  }
  if (const auto registrar = find_registrar(import)) {
    wish_for_handler_runners();
    return bind_host_slot(*registrar, ordinal);
  }
  const auto found = input_.scope.find(import.name);
  if (!found) {
    return bind_host_address(import, ordinal);
  }
  if (kind_of(found->exported().type) != extern_kind::function) {
    return mismatch(import, "a function", name_of(*found));
  }
  note_provider(found->provider.id);
  if (found->slot == null_slot) {
    note_use(false, ordinal, wishes_.of(*found));
  }
  return binding::constant{found->slot.value};
}

import_binding import_resolver::bind_host_address(const import_info& import, std::uint32_t ordinal)
{
  const extern_type* offered = input_.catalog.find("env", import.name);
  if (offered == nullptr) {
    return import.is_weak() ? binding::constant{} : missing(import);
  }
  if (kind_of(*offered) != extern_kind::function) {
    return mismatch(import, "a function", to_string(*offered) + " of the host");
  }
  return bind_host_slot({"env", import.name, *offered, 0}, ordinal);
}

import_binding import_resolver::bind_host_slot(const import_info& host, std::uint32_t ordinal)
{
  const table_index known = slot_of_host(input_.published, host.module_name, host.name, host.type);
  if (known == null_slot) {
    note_use(false, ordinal, wishes_.of_host(host));
  }
  return binding::constant{known.value};
}

} // namespace interlink

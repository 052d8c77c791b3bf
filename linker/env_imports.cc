// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports from `env`: what the program's modules give each other, and the few objects that each group owns.
#include "linker/caller_names.hh"
#include "linker/import_resolver.hh"

#include <algorithm>
#include <utility>

namespace interlink {

namespace {

const tag_type shared_tag_type{function_type{{wasm::i32}, {}}};
const global_type stack_pointer_type{wasm::i32, true};

/// True when the export is only an import of the same module passed on.
bool is_passed_on(const definition& found)
{
  const extern_kind kind = kind_of(found.exported().type);
  const auto imported = std::ranges::count_if(found.provider.info->imports,
                                              [&](const import_info& import) { return kind_of(import.type) == kind; });
  return found.exported().index < static_cast<std::uint64_t>(imported);
}

std::string pages_text(std::uint64_t pages)
{
  return std::to_string(pages) + " pages";
}

} // namespace

import_binding import_resolver::bind_from_env(const import_info& import, std::uint32_t ordinal)
{
  switch (kind_of(import.type)) {
  case extern_kind::function:
    return bind_function(import, ordinal);
  case extern_kind::memory:
    return import.name == "memory" ? bind_memory(import) : bind_object(import);
  case extern_kind::table:
    return import.name == "__indirect_function_table" ? bind_table(import) : bind_object(import);
  case extern_kind::tag:
    return bind_tag(import);
  case extern_kind::global:
    break;
  }
  if (import.name == "__stack_pointer") {
    return bind_stack_pointer(import);
  }
  if (import.name == "__memory_base" && is_integer_global(import)) {
    return binding::constant{importer_.memory_base.value};
  }
  if (import.name == "__table_base" && is_integer_global(import)) {
    return binding::constant{importer_.table_base.value};
  }
  return bind_object(import);
}

import_binding import_resolver::bind_function(const import_info& import, std::uint32_t ordinal)
{
  if (const auto registrar = find_registrar(import)) {
    return bind_host_thunk(*registrar, import, ordinal);
  }
  if (const auto found = input_.scope.find(import.name)) {
    return bind_found_function(import, ordinal, *found);
  }
  if (input_.catalog.find(import.module_name, import.name) != nullptr) {
    return bind_from_host(import);
  }
  if (!import.is_weak() && input_.bind_now) {
    return missing(import);
  }
  return bind_thunk(import, ordinal, null_slot);
}

import_binding import_resolver::bind_found_function(const import_info& import, std::uint32_t ordinal,
                                                    const definition& found)
{
  const auto* exported = std::get_if<function_type>(&found.exported().type);
  const auto& imported = std::get<function_type>(import.type);
  if (exported != nullptr && (has_concrete_reference(imported) || has_concrete_reference(*exported))) {
    return refuse(import,
                  "a function between modules has a type that names the module's own types: " + to_string(imported),
                  "use abstract reference types in the signature");
  }
  if (exported == nullptr || *exported != imported) {
    return mismatch(import, to_string(import.type), name_of(found));
  }
  note_provider(found.provider.id);
  // The export of an instance that exists already in every group can be taken itself. What comes later in this load,
  // and the importer's own functions, can only be reached through the table.
  if (is_earlier(found.provider) && !tells_caller(import)) {
    return binding::direct{found.provider.id, found.export_ordinal};
  }
  const import_binding bound = bind_thunk(import, ordinal, found.slot);
  if (found.slot == null_slot) {
    note_use(true, std::get<binding::thunk>(bound).number, wishes_.of(found));
  }
  return bound;
}

import_binding import_resolver::bind_thunk(const import_info& import, std::uint32_t ordinal, table_index slot)
{
  const auto number = static_cast<std::uint32_t>(resolved_.thunks.size());
  resolved_.thunks.push_back({std::get<function_type>(import.type), ordinal, slot, tells_caller(import)});
  return binding::thunk{number};
}

bool import_resolver::tells_caller(const import_info& import) const
{
  return importer_.id != main_module && (find_registrar(import) || asks_for_caller(import.module_name, import.name));
}

std::optional<import_info> import_resolver::find_registrar(const import_info& import) const
{
  if (importer_.id == main_module || !find_registration(import.name)) {
    return std::nullopt;
  }
  const extern_type* offered = input_.catalog.find(std::string(reserved_module), import.name);
  return offered == nullptr ? std::nullopt
                            : std::optional(import_info{std::string(reserved_module), import.name, *offered, 0});
}

import_binding import_resolver::bind_host_thunk(const import_info& host, const import_info& import,
                                                std::uint32_t ordinal)
{
  if (host.type != import.type) {
    return mismatch(import, to_string(import.type), to_string(host.type) + " of the host");
  }
  if (host.module_name == reserved_module) {
    wish_for_handler_runners();
  }
  const table_index known = slot_of_host(input_.published, host.module_name, host.name, host.type);
  const import_binding bound = bind_thunk(import, ordinal, known);
  if (known == null_slot) {
    note_use(true, std::get<binding::thunk>(bound).number, wishes_.of_host(host));
  }
  return bound;
}

void import_resolver::wish_for_handler_runners()
{
  for (const import_info* runner : {&exit_handler_runner(), &quick_exit_handler_runner()}) {
    if (slot_of_host(input_.published, runner->module_name, runner->name, runner->type) == null_slot) {
      wishes_.of_host(*runner);
    }
  }
}

import_binding import_resolver::bind_memory(const import_info& import)
{
  const auto& wanted = std::get<memory_type>(import.type);
  const memory_type& linked = input_.layout.memory;
  static const std::string remedy = "build every module of the program with --shared-memory --max-memory=4294967296";
  if (wanted.is_64 || wanted.page_size_log2 != linked.page_size_log2) {
    return refuse(import, "only 32-bit memories with pages of 64 KiB can be linked", "build for wasm32");
  }
  if (wanted.is_shared != linked.is_shared) {
    const std::string own = wanted.is_shared ? "a shared" : "an unshared";
    return refuse(import, "the module wants " + own + " memory and the program's is not of that kind", remedy);
  }
  if (wanted.size.maximum && (!linked.size.maximum || *wanted.size.maximum < *linked.size.maximum)) {
    const std::string linked_text = linked.size.maximum ? pages_text(*linked.size.maximum) : "no maximum";
    return refuse(import,
                  "the module declares a memory of at most " + pages_text(*wanted.size.maximum) +
                      ", the program's memory has a maximum of " + linked_text,
                  remedy);
  }
  return binding::linked_memory{};
}

import_binding import_resolver::bind_table(const import_info& import)
{
  const auto& wanted = std::get<table_type>(import.type);
  if (wanted.element != wasm::funcref || wanted.is_64) {
    return refuse(import, "the function table is " + to_string(import.type) + ", not a 32-bit table of funcref",
                  "link with --import-table");
  }
  return binding::function_table{};
}

import_binding import_resolver::bind_stack_pointer(const import_info& import)
{
  if (import.type != extern_type(stack_pointer_type)) {
    return mismatch(import, to_string(import.type), to_string(extern_type(stack_pointer_type)));
  }
  if (!input_.layout.is_fixed_address) {
    return binding::stack_pointer{};
  }
  // A fixed-address main has its own; only if it exports it can the others use the same stack.
  const auto found = input_.scope.find(import.name);
  if (found && is_earlier(found->provider) && found->exported().type == import.type) {
    note_provider(found->provider.id);
    return binding::direct{found->provider.id, found->export_ordinal};
  }
  return refuse(import, "the main module keeps its stack pointer to itself",
                "link the main module with --export=__stack_pointer");
}

import_binding import_resolver::bind_tag(const import_info& import)
{
  const auto found = input_.scope.find(import.name);
  const bool is_other_kind = found && kind_of(found->exported().type) != extern_kind::tag;
  if (found && !is_other_kind && is_passed_on(*found) && !is_earlier(found->provider)) {
    // The provider imports the tag itself: all get the one that the store has.
  } else if (found || input_.catalog.find(import.module_name, import.name) != nullptr) {
    return bind_object(import);
  }
  if (import.type != extern_type(shared_tag_type)) {
    return unknown(import);
  }
  return binding::shared_tag{};
}

import_binding import_resolver::bind_object(const import_info& import)
{
  const auto found = input_.scope.find(import.name);
  if (!found || (is_passed_on(*found) && !is_earlier(found->provider))) {
    return bind_from_host(import);
  }
  if (found->exported().type != import.type) {
    return mismatch(import, to_string(import.type), name_of(*found));
  }
  if (!is_earlier(found->provider)) {
    return refuse(import,
                  "the " + std::string(to_string(kind_of(import.type))) + " is defined by " +
                      std::string(found->provider.name) + ", which is instantiated after its user",
                  "define it in a module that its users need, or in the main module");
  }
  note_provider(found->provider.id);
  return binding::direct{found->provider.id, found->export_ordinal};
}

} // namespace interlink

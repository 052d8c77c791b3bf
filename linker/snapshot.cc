// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/snapshot.hh"

#include "linker/closures.hh"
#include "linker/memory_layout.hh"
#include "linker/module_checks.hh"
#include "linker/value_hash.hh"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace interlink {

namespace {

/// Where a look-up searches, one part after the other.
using search_parts = std::array<std::span<const module_id>, 2>;

/// Nothing when the handle is none.
std::optional<search_parts> parts_of(const snapshot& state, library_handle handle, module_id caller)
{
  const loaded_module* asking = caller == main_module ? nullptr : state.find(caller);
  if (handle == main_handle || (handle == default_scope_handle && asking == nullptr)) {
    return search_parts{*state.global_scope, {}};
  }
  if (handle == default_scope_handle) {
    return asking->prefers_own_scope ? search_parts{asking->scope, *state.global_scope}
                                     : search_parts{*state.global_scope, asking->scope};
  }
  if (handle == next_scope_handle) {
    const loaded_module* from = state.find(caller);
    if (from == nullptr) {
      return std::nullopt;
    }
    const auto own = std::ranges::find(from->scope, caller);
    return search_parts{std::span(own == from->scope.end() ? own : std::next(own), from->scope.end()), {}};
  }
  const loaded_module* library = state.find(module_id{handle.value});
  return library == nullptr ? std::nullopt : std::optional(search_parts{library->closure, {}});
}

/// What clang calls the `main` of a C program. Source: clang's WebAssembly target.
constexpr std::string_view main_with_arguments = "__main_argc_argv";

std::optional<std::uint32_t> find_visible_export(const module_info& info, module_id module, std::string_view name)
{
  auto found = info.find_export_ordinal(name);
  if (!found && module == main_module && name == "main") {
    found = info.find_export_ordinal(main_with_arguments);
  }
  return found && !info.exports[*found].is_hidden() ? found : std::nullopt;
}

error wrong_kind(std::string_view name, const loaded_module& provider, const export_info& exported)
{
  error_detail detail;
  detail.message = "the symbol is neither a function nor data with a constant address";
  detail.module_name = provider.plan().name;
  detail.symbol_name = std::string(name);
  detail.expected = "a function or an immutable integer global";
  detail.found = to_string(exported.type);
  return {errc::symbol_type_mismatch, std::move(detail)};
}

/// Nothing when the search goes on.
std::optional<result<found_symbol>> found_in(const snapshot& state, const loaded_module& provider,
                                             std::uint32_t ordinal)
{
  const module_plan& plan = provider.plan();
  const export_info& exported = plan.info->exports[ordinal];
  if (kind_of(exported.type) == extern_kind::function) {
    return canonical_function(state, plan.id, ordinal);
  }
  if (exported.is_tls() && exported.value) {
    return found_tls{plan.id, *exported.value};
  }
  if (auto address = data_address_of(exported, plan.memory_base)) {
    return found_data{*address};
  }
  return fail(wrong_kind(exported.name, provider, exported));
}

void hash_module(value_hash& hash, const loaded_module& module)
{
  const module_plan& plan = module.plan();
  hash.add(plan.id.value);
  hash.add(plan.name);
  hash.add(plan.memory_base.value);
  hash.add(plan.memory_size);
  hash.add(plan.table_base.value);
  hash.add(module.identity.device);
  hash.add(module.identity.inode);
  for (const module_id member : module.closure) {
    hash.add(member.value);
  }
}

} // namespace

const loaded_module* snapshot::find(module_id id) const
{
  const auto place = place_of(id);
  return place ? (*modules)[*place].get() : nullptr;
}

std::optional<std::size_t> snapshot::place_of(module_id id) const
{
  // Ids are given from 1 on: before a load has failed or a module has gone, there is nothing to search.
  if (const std::size_t place = std::size_t{id.value} - 1;
      place < modules->size() && (*modules)[place]->plan().id == id) {
    return place;
  }
  const auto found =
      std::ranges::lower_bound(*modules, id, {}, [](const loaded_module_ptr& module) { return module->plan().id; });
  if (found == modules->end() || (*found)->plan().id != id) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - modules->begin());
}

const loaded_module* snapshot::find_by_identity(const file_identity& identity) const
{
  // From the end: when a library was opened again while an older incarnation is being closed, the newer one is meant.
  const auto found = std::find_if(modules->rbegin(), modules->rend(),
                                  [&](const loaded_module_ptr& module) { return module->identity == identity; });
  return found == modules->rend() ? nullptr : found->get();
}

snapshot_ptr make_empty_snapshot()
{
  auto empty = std::make_shared<snapshot>();
  empty->modules = std::make_shared<const std::vector<loaded_module_ptr>>();
  empty->global_scope = std::make_shared<const std::vector<module_id>>();
  empty->host_slots = std::make_shared<const std::vector<slot_fill>>();
  empty->names = std::make_shared<const std::map<std::string, module_id, std::less<>>>();
  empty->closed_lately = std::make_shared<const std::vector<std::string>>();
  empty->closures = std::make_shared<const closure_map>();
  empty->table_size = 1; // slot 0
  return empty;
}

result<found_symbol> find_symbol(const snapshot& state, library_handle handle, std::string_view name, module_id caller)
{
  const auto parts = parts_of(state, handle, caller);
  if (!parts) {
    return fail(errc::invalid_handle, "no library has the handle " + std::to_string(handle.value));
  }
  for (const std::span<const module_id> part : *parts) {
    for (const module_id id : part) {
      const loaded_module* module = state.find(id);
      const auto found = module == nullptr ? std::nullopt : find_visible_export(*module->plan().info, id, name);
      if (!found) {
        continue;
      }
      if (auto symbol = found_in(state, *module, *found)) {
        return std::move(*symbol);
      }
    }
  }
  error_detail detail;
  detail.message = "symbol not found";
  detail.symbol_name = std::string(name);
  return fail(error(errc::symbol_not_found, std::move(detail)));
}

std::optional<module_id> module_with_data(const snapshot& state, memory_address address)
{
  const auto found = std::ranges::find_if(*state.modules, [&](const loaded_module_ptr& module) {
    const module_plan& plan = module->plan();
    return address >= plan.memory_base && address.value - plan.memory_base.value < plan.memory_size;
  });
  return found == state.modules->end() ? std::nullopt : std::optional((*found)->plan().id);
}

std::optional<module_id> module_with_slot(const snapshot& state, table_index slot)
{
  const auto own = std::ranges::find_if(*state.modules, [&](const loaded_module_ptr& module) {
    const module_plan& plan = module->plan();
    return slot >= plan.table_base && slot.value - plan.table_base.value < table_slots_of(*plan.info);
  });
  if (own != state.modules->end() && slot != null_slot) {
    return (*own)->plan().id;
  }
  for (std::size_t place = 0; place < state.slots.size() && slot != null_slot; ++place) {
    bool is_given = false;
    state.slots[place]->of_export.for_each([&](std::size_t, table_index given) { is_given |= given == slot; });
    if (is_given) {
      return (*state.modules)[place]->plan().id;
    }
  }
  return std::nullopt;
}

std::optional<memory_address> data_address_of(const export_info& exported, memory_address memory_base)
{
  if (kind_of(exported.type) != extern_kind::global || !exported.value) {
    return std::nullopt;
  }
  const bool is_absolute = (exported.flags & symbol_flag::absolute) != 0;
  const std::uint64_t base = is_absolute ? 0 : memory_base.value;
  if (*exported.value >= address_space_bytes || base + *exported.value >= address_space_bytes) {
    return std::nullopt;
  }
  return memory_address{base + *exported.value};
}

table_index own_slot_of(const module_info& info, table_index table_base, std::uint32_t function_index)
{
  const auto place = info.element_of_function.find(function_index);
  if (place == info.element_of_function.end()) {
    return null_slot;
  }
  const element_function& element = info.element_functions[place->second];
  return table_index{element.is_relative ? table_base.value + element.offset : element.offset};
}

std::optional<found_function> canonical_function(const snapshot& state, module_id provider,
                                                 std::uint32_t export_ordinal)
{
  // A chain of re-exports leads to modules that were instantiated earlier, so it ends.
  for (;;) {
    const auto place = state.place_of(provider);
    const module_plan& plan = (*state.modules)[*place]->plan();
    const module_info& info = *plan.info;
    const std::uint32_t ordinal = info.canonical_export[export_ordinal];
    const export_info& exported = info.exports[ordinal];
    if (const import_info* import = passed_on_import(info, exported)) {
      const import_binding& bound = plan.imports[static_cast<std::size_t>(import - info.imports.data())];
      if (std::holds_alternative<binding::host>(bound)) {
        return found_function{plan.id, ordinal, slot_of_host(state, import->module_name, import->name, import->type)};
      }
      if (const auto* direct = std::get_if<binding::direct>(&bound)) {
        provider = direct->provider;
        export_ordinal = direct->export_ordinal;
        continue;
      }
      if (const auto* thunk = std::get_if<binding::thunk>(&bound)) {
        const table_index slot = thunk_slot_of(state, plan.id, thunk->number);
        return slot == null_slot ? std::nullopt : std::optional(found_function{plan.id, ordinal, slot});
      }
    }
    const table_index own = own_slot_of(info, plan.table_base, exported.index);
    return found_function{plan.id, ordinal, own != null_slot ? own : state.slots[*place]->of_export[ordinal]};
  }
}

const import_info* passed_on_import(const module_info& info, const export_info& exported)
{
  if (exported.index >= info.imported_function_count) {
    return nullptr;
  }
  std::uint32_t functions_left = exported.index;
  return &*std::ranges::find_if(info.imports, [&](const import_info& import) {
    return kind_of(import.type) == extern_kind::function && functions_left-- == 0;
  });
}

table_index slot_of_host(const snapshot& state, std::string_view module_name, std::string_view name,
                         const extern_type& type)
{
  const auto found = std::ranges::find_if(*state.host_slots, [&](const slot_fill& given) {
    const import_info& host = *given.source.host;
    return host.name == name && host.module_name == module_name && host.type == type;
  });
  return found == state.host_slots->end() ? null_slot : found->slot;
}

table_index thunk_slot_of(const snapshot& state, module_id importer, std::uint32_t thunk_number)
{
  const auto place = state.place_of(importer);
  if (!place) {
    return null_slot;
  }
  const module_plan& plan = (*state.modules)[*place]->plan();
  const table_index planned = plan.thunks[thunk_number].slot;
  return planned != null_slot ? planned : state.slots[*place]->of_thunk[thunk_number];
}

table_index slot_of(const snapshot& state, module_id provider, std::uint32_t export_ordinal)
{
  const auto function =
      state.find(provider) == nullptr ? std::nullopt : canonical_function(state, provider, export_ordinal);
  return function ? function->slot : null_slot;
}

std::uint64_t hash_of(const snapshot& state)
{
  value_hash hash;
  hash.add(state.version.value);
  hash.add(state.table_size);
  hash.add(state.is_stopping ? 1 : 0);
  for (std::size_t place = 0; place < state.modules->size(); ++place) {
    hash_module(hash, *(*state.modules)[place]);
    const module_slots& slots = *state.slots[place];
    for (const auto* given : {&slots.of_export, &slots.of_thunk}) {
      hash.add(place);
      given->for_each([&](std::size_t index, table_index slot) {
        hash.add(index);
        hash.add(slot.value);
      });
    }
  }
  for (const module_id member : *state.global_scope) {
    hash.add(member.value);
  }
  for (const slot_fill& given : *state.host_slots) {
    hash.add(given.slot.value);
    hash.add(given.source.host->module_name);
    hash.add(given.source.host->name);
  }
  state.closures->of_slot.for_each([&](std::size_t slot, closure_binding binding) {
    hash.add(slot);
    hash.add(binding.value);
  });
  return hash.value();
}

} // namespace interlink

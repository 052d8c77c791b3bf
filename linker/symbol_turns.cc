// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns that give out slots: first dlsym, first lazy call, slots for the guest's own use.
#include "linker/symbol_scope.hh"
#include "linker/topology_edit.hh"

#include <algorithm>
#include <string>
#include <utility>

namespace interlink {

namespace {

resolve_function publish(topology& state, next_snapshot& next, std::vector<slot_fill> slots)
{
  next.edit().table_size = std::max(next.edit().table_size, state.table.size());
  resolve_function operation{std::move(slots), next.edit().table_size};
  next.publish(state);
  return operation;
}

/// Takes a slot for a function that has none and notes it in `next`.
result<slot_fill> give_slot(topology& state, next_snapshot& next, const found_function& function)
{
  const module_plan& provider = state.current->find(function.provider)->plan();
  const export_info& exported = provider.info->exports[function.export_ordinal];
  const auto slot = state.table.allocate(1, 0);
  if (!slot) {
    error_detail detail = slot.error().detail();
    detail.module_name = provider.name;
    detail.symbol_name = exported.name;
    return fail(error(slot.error().code(), std::move(detail)));
  }
  slot_fill fill{*slot, {function.provider, function.export_ordinal}};
  if (const import_info* host = passed_on_import(*provider.info, exported)) {
    fill.source = {no_module, 0, std::make_shared<const import_info>(*host)};
  }
  next.give_slot(fill);
  return fill;
}

error lazy_failure(errc code, const module_plan& importer, const import_info& import, std::string found)
{
  error_detail detail;
  detail.message = code == errc::symbol_not_found ? "the function is called, and no module defines it"
                                                  : "symbol found with another type";
  detail.module_name = importer.name;
  detail.symbol_name = import.name;
  detail.expected = to_string(import.type);
  detail.found = std::move(found);
  return {code, std::move(detail)};
}

symbol_scope lazy_scope(const topology& state, const loaded_module& importer)
{
  symbol_scope scope(*state.current, *state.catalog);
  std::vector<const std::vector<module_id>*> parts{state.current->global_scope.get(), &importer.scope};
  if (importer.prefers_own_scope) {
    std::ranges::reverse(parts);
  }
  if (const auto later = state.later_roots.find(importer.plan().id); later != state.later_roots.end()) {
    for (const module_id root : later->second) {
      if (const loaded_module* module = state.current->find(root)) {
        parts.push_back(&module->closure);
      }
    }
  }
  for (const std::vector<module_id>* part : parts) {
    for (const module_id id : *part) {
      if (!state.closing.contains(id)) {
        scope.add_published(id);
      }
    }
  }
  return scope;
}

/// What a lazy import is bound to now.
result<found_function> find_lazy(const topology& state, const loaded_module& importer, const thunk_plan& thunk)
{
  const module_plan& plan = importer.plan();
  const import_info& import = plan.info->imports[thunk.import_ordinal];
  // A weak import was undefined when its module was bound, and that is final: its address is 0 in the guest's hands.
  const auto found = import.is_weak() ? std::nullopt : lazy_scope(state, importer).find(import.name);
  if (!found) {
    return fail(lazy_failure(errc::symbol_not_found, plan, import, {}));
  }
  if (found->exported().type != import.type) {
    return fail(lazy_failure(errc::symbol_type_mismatch, plan, import,
                             to_string(found->exported().type) + " in " + std::string(found->provider.name)));
  }
  return found_function{found->provider.id, found->export_ordinal, found->slot};
}

} // namespace

result<slot_outcome> assign_slot(topology& state, module_id provider, std::uint32_t export_ordinal)
{
  const loaded_module* module = state.current->find(provider);
  if (module == nullptr || export_ordinal >= module->plan().info->exports.size() ||
      kind_of(module->plan().info->exports[export_ordinal].type) != extern_kind::function) {
    return fail(errc::invalid_handle, "no function with that number is loaded (any more)");
  }
  const auto function = canonical_function(*state.current, provider, export_ordinal);
  if (!function) {
    return fail(errc::symbol_not_found, "the function is imported from a module that is not there (yet)");
  }
  if (function->slot != null_slot) {
    return slot_outcome{function->slot, {}};
  }
  next_snapshot next(state);
  const auto fill = give_slot(state, next, *function);
  if (!fill) {
    return fail(fill.error());
  }
  slot_outcome outcome{fill->slot, {}};
  outcome.operations.emplace_back(publish(state, next, {*fill}));
  return outcome;
}

result<slot_outcome> bind_lazy(topology& state, module_id importer, std::uint32_t thunk_number)
{
  const loaded_module* module = state.current->find(importer);
  if (module == nullptr || thunk_number >= module->plan().thunks.size()) {
    return fail(errc::invalid_argument, "no such import is waiting to be bound");
  }
  const table_index bound = thunk_slot_of(*state.current, importer, thunk_number);
  if (bound != null_slot) {
    return slot_outcome{bound, {}};
  }
  const auto function = find_lazy(state, *module, module->plan().thunks[thunk_number]);
  if (!function) {
    return fail(function.error());
  }
  next_snapshot next(state);
  std::vector<slot_fill> fills;
  table_index slot = function->slot;
  if (slot == null_slot) {
    const auto fill = give_slot(state, next, *function);
    if (!fill) {
      return fail(fill.error());
    }
    fills.push_back(*fill);
    slot = fill->slot;
  }
  next.slots_of(importer).of_thunk.set(thunk_number, slot);
  if (function->provider != importer && state.bound_to[importer].insert(function->provider).second) {
    ++state.references[function->provider];
  }
  slot_outcome outcome{slot, {}};
  outcome.operations.emplace_back(publish(state, next, std::move(fills)));
  return outcome;
}

/// A range of no slots is an operation that changes nothing, which makes every group that computes come to its next
/// check.
result<slot_outcome> allocate_slots(topology& state, std::uint32_t count)
{
  const auto base = count == 0 ? result<table_index>(null_slot) : state.table.allocate(count, 0);
  if (!base) {
    return fail(base.error());
  }
  next_snapshot next(state);
  next.edit().table_size = std::max(next.edit().table_size, state.table.size());
  slot_outcome outcome{*base, {}};
  outcome.operations.emplace_back(allocate_function_table{*base, count, next.edit().table_size});
  next.publish(state);
  return outcome;
}

} // namespace interlink

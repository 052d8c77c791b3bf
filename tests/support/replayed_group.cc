// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/replayed_group.hh"

#include "linker/module_checks.hh"
#include "tests/support/import_ordinal.hh"

#include <algorithm>

namespace interlink::support {

namespace {

std::string slot_text(table_index slot)
{
  return "slot " + std::to_string(slot.value);
}

} // namespace

void replayed_group::grow(std::uint64_t size)
{
  table_size_ = std::max(table_size_, size);
}

void replayed_group::put(table_index slot, const reached_function& function)
{
  if (slot == null_slot || slot.value >= table_size_) {
    complaints_.push_back(slot_text(slot) + " is filled and does not exist");
  }
  const auto [place, is_new] = table_.try_emplace(slot.value, function);
  if (!is_new && place->second != function) {
    complaints_.push_back(slot_text(slot) + " is filled twice (T3)");
  }
}

void replayed_group::add_module(const load_plan_ptr& load, std::size_t ordinal)
{
  const module_plan& plan = load->modules[ordinal];
  if (plan.imports.size() != plan.info->imports.size()) {
    complaints_.push_back(plan.name + " has not a binding for each import");
  }
  for (const import_binding& bound : plan.imports) {
    const auto* direct = std::get_if<binding::direct>(&bound);
    if (direct != nullptr && !instances_.contains(direct->provider)) {
      complaints_.push_back(plan.name + " is bound to an instance that does not exist yet");
    }
  }
  instances_[plan.id] = {load, ordinal};
  for (const element_function& element : plan.info->element_functions) {
    const table_index slot{element.is_relative ? plan.table_base.value + element.offset : element.offset};
    put(slot, {plan.id, element.function_index, {}});
  }
}

void replayed_group::fill(const std::vector<slot_fill>& slots)
{
  for (const slot_fill& each : slots) {
    const function_source& source = each.source;
    if (source.host) {
      put(each.slot, {no_module, 0, source.host->name});
      continue;
    }
    const auto owner = instances_.find(source.provider);
    if (owner == instances_.end()) {
      continue; // unloaded before this group heard of it
    }
    const module_info& info = *owner->second.plan().info;
    if (const auto function = function_of(source.provider, info.exports[source.export_ordinal].index)) {
      put(each.slot, *function);
    } else {
      complaints_.push_back(slot_text(each.slot) + " is filled with a function that is not bound");
    }
  }
}

void replayed_group::rehearse(const load_plan_ptr& plan)
{
  grow(plan->table_size);
  for (std::size_t ordinal = 0; ordinal < plan->modules.size(); ++ordinal) {
    add_module(plan, ordinal);
  }
  fill(plan->slots);
}

void replayed_group::forget(const load_plan& plan)
{
  for (const slot_fill& each : plan.slots) {
    table_.erase(each.slot.value);
  }
  for (const module_plan& module : plan.modules) {
    for (std::uint64_t i = 0; i < table_slots_of(*module.info); ++i) {
      table_.erase(module.table_base.value + static_cast<std::uint32_t>(i));
    }
    instances_.erase(module.id);
  }
}

void replayed_group::apply(const operation_body& operation)
{
  if (const auto* load = std::get_if<load_modules>(&operation)) {
    rehearse(load->plan);
  } else if (const auto* resolve = std::get_if<resolve_function>(&operation)) {
    grow(resolve->table_size);
    fill(resolve->slots);
  } else if (const auto* allocate = std::get_if<allocate_function_table>(&operation)) {
    grow(allocate->table_size);
  } else if (const auto* set = std::get_if<set_closures>(&operation)) {
    grow(set->table_size);
  } else if (const auto* unload = std::get_if<unload_modules>(&operation)) {
    for (const table_index slot : unload->slots) {
      table_.erase(slot.value);
    }
    for (const module_id id : unload->modules) {
      instances_.erase(id);
    }
  }
}

replayed_group replayed_group::built_from(const snapshot& state)
{
  replayed_group built;
  built.grow(state.table_size);
  std::vector<slot_fill> fills = *state.host_slots;
  for (std::size_t place = 0; place < state.modules->size(); ++place) {
    const loaded_module& module = *(*state.modules)[place];
    built.add_module(module.load, module.plan_ordinal);
    const module_id id = module.plan().id;
    state.slots[place]->of_export.for_each([&](std::size_t ordinal, table_index slot) {
      fills.push_back({slot, {id, static_cast<std::uint32_t>(ordinal)}});
    });
  }
  built.fill(fills);
  return built;
}

std::optional<reached_function> replayed_group::function_of(module_id provider, std::uint32_t function_index) const
{
  for (;;) {
    const auto found = instances_.find(provider);
    if (found == instances_.end()) {
      return std::nullopt;
    }
    const module_plan& plan = found->second.plan();
    if (function_index >= plan.info->imported_function_count) {
      return reached_function{provider, function_index, {}};
    }
    const std::uint32_t ordinal = import_of(*plan.info, function_index);
    const auto* direct = std::get_if<binding::direct>(&plan.imports[ordinal]);
    if (direct == nullptr) {
      return std::holds_alternative<binding::host>(plan.imports[ordinal])
                 ? std::optional(reached_function{no_module, 0, plan.info->imports[ordinal].name})
                 : std::nullopt;
    }
    provider = direct->provider;
    const auto exporter = instances_.find(provider);
    if (exporter == instances_.end()) {
      return std::nullopt;
    }
    function_index = exporter->second.plan().info->exports[direct->export_ordinal].index;
  }
}

std::optional<reached_function> replayed_group::reached_by(table_index slot) const
{
  const auto found = table_.find(slot.value);
  return found == table_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<reached_function> replayed_group::reached_by(const snapshot& state, module_id importer,
                                                           std::uint32_t import_ordinal) const
{
  for (;;) {
    const auto found = instances_.find(importer);
    if (found == instances_.end()) {
      return std::nullopt;
    }
    const module_plan& plan = found->second.plan();
    const import_binding& bound = plan.imports[import_ordinal];
    if (const auto* thunk = std::get_if<binding::thunk>(&bound)) {
      const table_index slot = thunk_slot_of(state, importer, thunk->number);
      return slot == null_slot ? std::nullopt : reached_by(slot);
    }
    if (std::holds_alternative<binding::host>(bound)) {
      return reached_function{no_module, 0, plan.info->imports[import_ordinal].name};
    }
    const auto* direct = std::get_if<binding::direct>(&bound);
    const auto provider = direct == nullptr ? instances_.end() : instances_.find(direct->provider);
    if (provider == instances_.end()) {
      return std::nullopt;
    }
    // The export of an import leads on, through the exporter's own binding.
    const module_info& exporter = *provider->second.plan().info;
    const std::uint32_t index = exporter.exports[direct->export_ordinal].index;
    if (index >= exporter.imported_function_count) {
      return reached_function{direct->provider, index, {}};
    }
    importer = direct->provider;
    import_ordinal = import_of(exporter, index);
  }
}

} // namespace interlink::support

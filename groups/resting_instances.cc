// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The second life of instances. An engine keeps each instance as long as its store, so a library that is opened and
// closed again and again would grow its threads' stores for ever. Therefore an unloaded instance rests, and a load of
// the same code at the same numbers takes it again: addresses of memory and table, and the functions that it was bound
// to, are for ever in the instance; all else is set anew.
#include "groups/group_store.hh"
#include "linker/module_checks.hh"

#include <algorithm>
#include <iterator>
#include <utility>

namespace interlink {

namespace {

engine::compiled_module_ptr code_of(const module_artifact_ptr& artifact)
{
  const auto* code = dynamic_cast<const compiled_code*>(artifact.get());
  return code == nullptr ? nullptr : code->compiled;
}

} // namespace

void group_store::rest(const live_instance& self)
{
  if (!self.may_rest) {
    return;
  }
  const module_plan& plan = *self.plan;
  resting_instance resting;
  resting.memory_base = plan.memory_base;
  resting.table_base = plan.table_base;
  resting.imports = plan.imports;
  resting.values.reserve(plan.imports.size());
  for (const import_binding& bound : plan.imports) {
    resting.values.push_back(planned_value(bound));
    if (const auto* direct = std::get_if<binding::direct>(&bound)) {
      resting.providers.push_back(instances_.at(direct->provider).instance);
    }
  }
  resting.self = self;
  if (resting.self.own_elements.empty()) {
    std::ranges::transform(own_slots_of(plan), std::back_inserter(resting.self.own_elements),
                           [this](table_index index) { return slot(index); });
  }
  resting.self.load = nullptr; // and with it the module's file
  resting.self.plan = nullptr;
  resting_[code_of(plan.artifact)].push_back(std::move(resting));
}

bool group_store::is_right_for(const resting_instance& resting, const module_plan& plan,
                               const engine::compiled_module_ptr& thunks) const
{
  if (resting.self.thunk_code != thunks || resting.memory_base != plan.memory_base ||
      resting.table_base != plan.table_base) {
    return false;
  }
  auto provider = resting.providers.begin();
  for (std::size_t i = 0; i < plan.imports.size(); ++i) {
    const import_binding& before = resting.imports[i];
    const import_binding& now = plan.imports[i];
    if (const auto value = planned_value(now); value || resting.values[i]) {
      const bool can_be_set = is_table_entry(plan.info->imports[i].type);
      if (value.has_value() != resting.values[i].has_value() || (!can_be_set && value != resting.values[i])) {
        return false;
      }
    } else if (const auto* direct = std::get_if<binding::direct>(&before)) {
      const auto* same = std::get_if<binding::direct>(&now);
      if (same == nullptr || same->export_ordinal != direct->export_ordinal ||
          instances_.at(same->provider).instance != *provider++) {
        return false;
      }
    } else if (before != now) {
      return false;
    }
  }
  return true;
}

std::optional<live_instance> group_store::take_again(const load_plan_ptr& load, const module_plan& plan,
                                                     const module_artifact_ptr& thunk_artifact)
{
  const auto known = resting_.find(code_of(plan.artifact));
  if (known == resting_.end()) {
    return std::nullopt;
  }
  const engine::compiled_module_ptr thunks = plan.thunks.empty() ? nullptr : code_of(thunk_artifact);
  const auto found = std::ranges::find_if(
      known->second, [&](const resting_instance& each) { return is_right_for(each, plan, thunks); });
  if (found == known->second.end()) {
    return std::nullopt;
  }
  live_instance self = std::move(found->self);
  known->second.erase(found);
  self.id = plan.id;
  self.load = load;
  self.plan = &plan;
  const std::vector<std::uint32_t> values = planned_values(plan);
  for (std::size_t i = 0; i < values.size(); ++i) {
    store_->global_set(self.planned[i], engine::value_slot::of_i32(values[i]));
  }
  if (self.applied) {
    store_->global_set(*self.applied, engine::value_slot::of_i32(0));
  }
  if (self.stack_low) {
    store_->global_set(*self.stack_low, engine::value_slot::of_i32(compared_stack_low()));
  }
  if (self.thunk_owner) {
    store_->global_set(*self.thunk_owner, engine::value_slot::of_i32(plan.id.value));
  }
  for (std::size_t i = 0; i < self.own_elements.size(); ++i) {
    const std::uint64_t index = plan.table_base.value + i;
    if (!store_->table_set(function_table_, index, self.own_elements[i])) {
      return std::nullopt; // unreachable: the table has the load's length
    }
  }
  ++taken_again_;
  return self;
}

} // namespace interlink

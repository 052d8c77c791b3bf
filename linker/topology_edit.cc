// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/topology_edit.hh"

#include "linker/group_blocks.hh"
#include "messages/assert.hh"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace interlink {

next_snapshot::next_snapshot(const topology& state) : next_(std::make_shared<snapshot>(*state.current))
{
  ++next_->version.value;
}

module_slots& next_snapshot::slots_of(module_id id)
{
  const std::size_t place = *next_->place_of(id);
  auto& copy = changed_[place];
  if (!copy) {
    copy = std::make_shared<module_slots>(*next_->slots[place]);
  }
  return *copy;
}

void next_snapshot::give_slot(const slot_fill& given)
{
  INTERLINK_ASSERT(given.slot != null_slot); // invariant T3
  if (given.source.provider != no_module) {
    auto& slots = slots_of(given.source.provider).of_export;
    INTERLINK_ASSERT(slots[given.source.export_ordinal] == null_slot);
    slots.set(given.source.export_ordinal, given.slot);
    return;
  }
  auto host_slots = std::make_shared<std::vector<slot_fill>>(*next_->host_slots);
  host_slots->push_back(given);
  next_->host_slots = std::move(host_slots);
}

void next_snapshot::publish(topology& state)
{
  for (auto& [place, slots] : changed_) {
    next_->slots[place] = std::move(slots);
  }
  state.current = std::move(next_);
}

void take_references(topology& state, const std::map<module_id, std::set<module_id>>& bound_to)
{
  for (const auto& [importer, providers] : bound_to) {
    for (const module_id provider : providers) {
      ++state.references[provider];
    }
  }
}

void give_back_references(topology& state, const std::map<module_id, std::set<module_id>>& bound_to)
{
  for (const auto& [importer, providers] : bound_to) {
    for (const module_id provider : providers) {
      const auto count = state.references.find(provider);
      if (count != state.references.end() && --count->second == 0) {
        state.references.erase(count);
      }
    }
  }
}

void promote_to_global(snapshot& next, const std::vector<module_id>& closure)
{
  std::vector<module_id> scope = *next.global_scope;
  for (const module_id id : closure) {
    if (std::ranges::find(scope, id) == scope.end()) {
      scope.push_back(id);
    }
  }
  if (scope.size() != next.global_scope->size()) {
    next.global_scope = std::make_shared<const std::vector<module_id>>(std::move(scope));
  }
}

bool is_global(const snapshot& in, const std::vector<module_id>& closure)
{
  const auto& scope = *in.global_scope;
  return std::ranges::all_of(closure, [&](module_id id) { return std::ranges::find(scope, id) != scope.end(); });
}

void note_names(snapshot& next, const std::vector<std::string>& asked, const loaded_module& library)
{
  const module_id id = library.plan().id;
  auto names = *next.names;
  const std::string& own = library.plan().info->soname;
  const auto note = [&](const std::string& name) {
    const auto [known, is_new] = names.try_emplace(name, id);
    known->second = std::max(known->second, id);
  };
  std::ranges::for_each(asked, note);
  if (!own.empty()) {
    note(own);
  }
  if (names != *next.names) {
    next.names = std::make_shared<const std::map<std::string, module_id, std::less<>>>(std::move(names));
  }
}

void note_later_root(topology& state, const loaded_module& root)
{
  const module_id id = root.plan().id;
  for (const module_id member : root.closure) {
    const loaded_module* module = state.current->find(member);
    if (module == nullptr || member == id || std::ranges::find(module->scope, id) != module->scope.end()) {
      continue;
    }
    std::vector<module_id>& roots = state.later_roots[member];
    if (std::ranges::find(roots, id) == roots.end()) {
      roots.push_back(id);
    }
  }
}

bool has_open_initialisers(const topology& state)
{
  auto is_open = [](const loaded_module_ptr& module) {
    return needs_scratch_stack(*module->plan().info);
  };
  return std::ranges::any_of(*state.current->modules, is_open) ||
         std::ranges::any_of(state.loads,
                             [&](const auto& entry) { return std::ranges::any_of(entry.second.modules, is_open); });
}

} // namespace interlink

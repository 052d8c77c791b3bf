// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two turns of a close (docs/architecture.md, "The life of a close").
#include "linker/module_checks.hh"
#include "linker/topology_edit.hh"
#include "messages/assert.hh"

#include <algorithm>
#include <ranges>
#include <utility>

namespace interlink {

namespace {

/// Chosen: what fits in a message.
constexpr std::ptrdiff_t closed_lately_kept = 8;

/// Adds everything that `from` needs or is bound to. What is loaded, closed or bound together may form cycles, so that
/// counts alone would never reach zero.
void mark_reachable(const topology& state, std::vector<module_id> from, std::set<module_id>& reached)
{
  while (!from.empty()) {
    const module_id id = from.back();
    from.pop_back();
    const loaded_module* module = state.current->find(id);
    if (module == nullptr || !reached.insert(id).second) {
      continue;
    }
    from.insert(from.end(), module->needed.begin(), module->needed.end());
    if (const auto bound = state.bound_to.find(id); bound != state.bound_to.end()) {
      from.insert(from.end(), bound->second.begin(), bound->second.end());
    }
  }
}

std::set<module_id> reachable_modules(const topology& state)
{
  std::vector<module_id> roots{main_module};
  for (const loaded_module_ptr& module : *state.current->modules) {
    if (module->opens->handles() > 0) {
      roots.push_back(module->plan().id);
    }
  }
  for (const auto& [id, load] : state.constructed_by) {
    roots.push_back(id);
  }
  roots.insert(roots.end(), state.final_modules.begin(), state.final_modules.end());
  for (const auto& [group, pinned] : state.pins) {
    const auto modules = std::views::keys(pinned);
    roots.insert(roots.end(), modules.begin(), modules.end());
  }
  // A closing module is still there: its destructors may call what it is bound to, and newcomers instantiate it.
  for (const auto& [id, close] : state.closing) {
    roots.push_back(id);
  }
  for (const auto& [id, load] : state.loads) {
    for (const loaded_module_ptr& module : load.modules) {
      roots.insert(roots.end(), module->needed.begin(), module->needed.end());
    }
    for (const auto& [importer, providers] : load.bound_to) {
      roots.insert(roots.end(), providers.begin(), providers.end());
    }
  }
  std::set<module_id> reached;
  mark_reachable(state, std::move(roots), reached);
  return reached;
}

/// The slots of a module that goes away: its own range and all it was given.
std::vector<table_index> all_slots_of(const module_plan& plan, const module_slots& given)
{
  std::vector<table_index> slots = own_slots_of(plan);
  given.of_export.for_each([&](std::size_t, table_index slot) { slots.push_back(slot); });
  return slots;
}

void free_ranges(topology& state, const module_plan& plan, topology_version freed_at)
{
  INTERLINK_ASSERT(freed_at > state.reusable_up_to); // invariant C3: groups that lag may still write there
  if (plan.memory_base.value != 0) {
    state.arena.free({plan.memory_base.value, plan.memory_size}, true, freed_at);
  }
  for (auto& [group, entry] : state.roster) {
    if (const auto block = entry.blocks.find(plan.id); block != entry.blocks.end()) {
      state.arena.free(block->second, true, freed_at);
      entry.blocks.erase(block);
    }
  }
}

void forget_module(topology& state, module_id id)
{
  if (auto bound = state.bound_to.extract(id)) {
    give_back_references(state, {{id, bound.mapped()}});
  }
  state.references.erase(id);
  state.closing.erase(id);
  state.later_roots.erase(id);
  for (auto& [module, roots] : state.later_roots) {
    std::erase(roots, id);
  }
  std::erase_if(state.later_roots, [](const auto& entry) { return entry.second.empty(); });
}

} // namespace

result<std::vector<module_id>> close_library(topology& state, group_id closer, library_handle handle)
{
  const loaded_module* opened = state.current->find(module_id{handle.value});
  const auto closed = opened == nullptr ? open_count::closed::never_open : opened->opens->close();
  if (closed == open_count::closed::never_open) {
    return fail(errc::invalid_handle, "no open library has the handle " + std::to_string(handle.value));
  }
  if (closed == open_count::closed::one_of_several) {
    return std::vector<module_id>{};
  }
  const std::set<module_id> reached = reachable_modules(state);
  std::vector<module_id> to_close;
  const load_id close_id{state.next_load};
  for (const loaded_module_ptr& module : *state.current->modules) {
    const module_id id = module->plan().id;
    if (!reached.contains(id) && !state.closing.contains(id)) {
      to_close.push_back(id);
      state.closing.emplace(id, closing_module{close_id, closer});
    }
  }
  if (!to_close.empty()) {
    ++state.next_load;
  }
  // Ids ascend in instantiation order, dependencies first.
  std::ranges::reverse(to_close);
  return to_close;
}

result<void> pin_modules(topology& state, group_id group, const std::vector<module_id>& modules)
{
  for (const module_id id : modules) {
    if (state.current->find(id) == nullptr || state.closing.contains(id)) {
      return fail(errc::invalid_handle, "the library is being closed, or has been");
    }
  }
  for (const module_id id : modules) {
    ++state.pins[group][id];
  }
  return {};
}

void unpin_modules(topology& state, group_id group, const std::vector<module_id>& modules)
{
  const auto pinned = state.pins.find(group);
  for (const module_id id : modules) {
    if (pinned == state.pins.end()) {
      return;
    }
    if (const auto count = pinned->second.find(id); count != pinned->second.end() && --count->second == 0) {
      pinned->second.erase(count);
    }
  }
  if (pinned != state.pins.end() && pinned->second.empty()) {
    state.pins.erase(pinned);
  }
}

operation_body unload(topology& state, const std::vector<module_id>& modules)
{
  next_snapshot next(state);
  snapshot& edited = next.edit();
  unload_modules operation;
  auto is_going = [&](module_id id) {
    return state.closing.contains(id) && std::ranges::find(modules, id) != modules.end();
  };
  std::ranges::copy_if(modules, std::back_inserter(operation.modules), is_going);
  std::vector<std::string> closed = *edited.closed_lately;
  std::vector<loaded_module_ptr> kept;
  std::vector<std::shared_ptr<const module_slots>> kept_slots;
  for (std::size_t place = 0; place < edited.modules->size(); ++place) {
    const loaded_module_ptr& module = (*edited.modules)[place];
    const module_plan& plan = module->plan();
    if (!is_going(plan.id)) {
      kept.push_back(module);
      kept_slots.push_back(edited.slots[place]);
      continue;
    }
    const auto slots = all_slots_of(plan, *edited.slots[place]);
    for (const table_index slot : slots) {
      state.table.retire(slot, 1, state.resting_slots);
    }
    operation.slots.insert(operation.slots.end(), slots.begin(), slots.end());
    closed.push_back(plan.name);
    free_ranges(state, plan, edited.version);
    forget_module(state, plan.id);
  }
  std::vector<module_id> scope = *edited.global_scope;
  std::erase_if(scope,
                [&](module_id id) { return std::ranges::find(operation.modules, id) != operation.modules.end(); });
  edited.modules = std::make_shared<const std::vector<loaded_module_ptr>>(std::move(kept));
  edited.slots = std::move(kept_slots);
  edited.global_scope = std::make_shared<const std::vector<module_id>>(std::move(scope));
  if (std::ssize(closed) > closed_lately_kept) {
    closed.erase(closed.begin(), closed.end() - closed_lately_kept);
  }
  edited.closed_lately = std::make_shared<const std::vector<std::string>>(std::move(closed));
  auto names = *edited.names;
  std::erase_if(names, [&](const auto& name) { return edited.find(name.second) == nullptr; });
  edited.names = std::make_shared<const std::map<std::string, module_id, std::less<>>>(std::move(names));
  next.publish(state);
  return operation;
}

const std::pair<const module_id, closing_module>* find_close(const topology& state, load_id close)
{
  const auto found =
      std::ranges::find_if(state.closing, [&](const auto& entry) { return entry.second.close == close; });
  return found == state.closing.end() ? nullptr : &*found;
}

} // namespace interlink

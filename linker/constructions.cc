// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which thread runs which constructor, and which waits for which (docs/architecture.md; invariants T6 and T7).
#include "linker/dependency_order.hh"
#include "linker/topology_edit.hh"
#include "messages/assert.hh"

#include <algorithm>

namespace interlink {

namespace {

construction::state& state_of(construction& built, module_id module)
{
  const auto place = std::ranges::find(built.order, module) - built.order.begin();
  return built.states[static_cast<std::size_t>(place)];
}

group_id& beginner_of(construction& built, module_id module)
{
  const auto place = std::ranges::find(built.order, module) - built.order.begin();
  return built.begun_by[static_cast<std::size_t>(place)];
}

/// `last` has run: whose whole closure is constructed by that may be opened again without a turn.
void note_constructed(const topology& state, module_id last)
{
  const auto is_done = [&](module_id id) {
    return !state.constructed_by.contains(id);
  };
  for (const loaded_module_ptr& module : *state.current->modules) {
    const bool is_new = !module->opens->is_constructed() &&
                        std::ranges::find(module->closure, last) != module->closure.end() &&
                        std::ranges::all_of(module->closure, is_done);
    if (is_new) {
      module->opens->set_constructed();
    }
  }
}

void mark_done(topology& state, module_id module)
{
  const auto load = state.constructed_by.find(module);
  if (load == state.constructed_by.end()) {
    return;
  }
  construction& built = state.constructions.at(load->second);
  state_of(built, module) = construction::state::done;
  const bool all_done =
      std::ranges::all_of(built.states, [](construction::state each) { return each == construction::state::done; });
  if (all_done) {
    state.constructions.erase(load->second);
  }
  state.constructed_by.erase(load);
  note_constructed(state, module);
}

} // namespace

bool closes_cycle(const topology& state, group_id group, group_id owner)
{
  // Each group waits for one at most and no cycle was ever recorded, so the walk ends.
  for (group_id at = owner;;) {
    if (at == group) {
      return true;
    }
    const auto next = state.waits_for.find(at);
    if (next == state.waits_for.end()) {
      return false;
    }
    at = next->second;
  }
}

bool begin_wait(topology& state, group_id group, group_id owner)
{
  if (closes_cycle(state, group, owner)) {
    return false;
  }
  const bool waits_for_nothing_else = state.waits_for.emplace(group, owner).second;
  INTERLINK_ASSERT(waits_for_nothing_else); // invariant T7: the chain that was followed is all there is
  return true;
}

void end_wait(topology& state, group_id group)
{
  state.waits_for.erase(group);
}

construct_outcome next_constructor(topology& state, group_id group, load_id own, module_id root)
{
  end_wait(state, group); // it asks, so it does not wait
  if (state.constructed_by.empty() || state.current->find(root) == nullptr) {
    return constructors_done{};
  }
  const auto order = dependencies_first(
      root, [&](module_id id) -> const std::vector<module_id>& { return state.current->find(id)->needed; });
  for (const module_id module : order) {
    const auto load = state.constructed_by.find(module);
    if (load == state.constructed_by.end()) {
      continue;
    }
    construction& built = state.constructions.at(load->second);
    const bool is_begun = state_of(built, module) == construction::state::begun;
    const group_id owner = is_begun ? beginner_of(built, module) : built.owner;
    const bool may_run = !is_begun && (owner == no_group || (owner == group && load->second == own));
    if (may_run) {
      // T6. What nobody owns any more is taken over one constructor at a time, so an opener nested in one of them may
      // take the next.
      state_of(built, module) = construction::state::begun;
      beginner_of(built, module) = group;
      return run_constructor{module};
    }
    if (begin_wait(state, group, owner)) {
      return wait_for_constructor{owner, module};
    }
    // Begun further out on this very stack, left to an outer open of this thread, or at the far end of a cycle: it goes
    // on without, as a recursive dlopen does.
  }
  return constructors_done{};
}

void finish_constructor(topology& state, group_id group, module_id module)
{
  const auto load = state.constructed_by.find(module);
  if (load != state.constructed_by.end() && beginner_of(state.constructions.at(load->second), module) == group) {
    mark_done(state, module);
  }
}

void hand_over_constructions(topology& state, group_id group)
{
  std::vector<module_id> cut_short;
  for (auto& [load, built] : state.constructions) {
    if (built.owner == group) {
      built.owner = no_group;
    }
    for (std::size_t i = 0; i < built.order.size(); ++i) {
      if (built.states[i] == construction::state::begun && built.begun_by[i] == group) {
        cut_short.push_back(built.order[i]);
      }
    }
  }
  for (const module_id module : cut_short) {
    mark_done(state, module); // it counts as run
  }
}

} // namespace interlink

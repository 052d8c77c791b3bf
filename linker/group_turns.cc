// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The turns in which a group joins the roster and leaves it.
#include "linker/group_blocks.hh"
#include "linker/memory_reservation.hh"
#include "linker/topology_edit.hh"
#include "messages/limits.hh"

#include <algorithm>
#include <string>
#include <utility>

namespace interlink {

namespace {

/// Everything that one joining group gets, before it is taken into the topology.
struct group_draft {
  group_id id;
  roster_entry entry;
  std::vector<group_block> blocks; ///< of published modules
  std::vector<std::pair<load_id, group_block>> pending_blocks;
  std::vector<std::pair<load_id, memory_arena::allocation>> pending_memory;
};

group_block take_block(memory_reservation& memory, group_id group, module_id module, std::uint64_t size,
                       std::uint64_t alignment)
{
  const memory_range range = memory.take(size, alignment).range;
  return {group, module, memory_address{range.address}, range.size};
}

void take_published_blocks(const topology& state, group_draft& draft, memory_reservation& memory,
                           std::optional<memory_address> main_tls)
{
  for (const loaded_module_ptr& module : *state.current->modules) {
    const module_plan& plan = module->plan();
    if (!has_tls_block(*plan.info)) {
      continue;
    }
    if (plan.id == main_module && main_tls) {
      draft.entry.owns_main_tls = false;
      draft.blocks.push_back({draft.id, main_module, *main_tls, plan.info->tls_size});
    } else {
      draft.blocks.push_back(
          take_block(memory, draft.id, plan.id, plan.info->tls_size, tls_block_alignment(*plan.info)));
    }
  }
  if (has_open_initialisers(state)) {
    draft.blocks.push_back(take_block(memory, draft.id, no_module, scratch_stack_bytes, scratch_stack_alignment));
  }
}

/// A load in flight may commit at any moment: the newcomer must have a block by then, as no apply allocates.
void take_pending_blocks(const topology& state, group_draft& draft, memory_reservation& memory)
{
  for (const auto& [id, load] : state.loads) {
    for (const loaded_module_ptr& module : load.modules) {
      const module_plan& plan = module->plan();
      if (has_tls_block(*plan.info)) {
        const auto taken = memory.take(plan.info->tls_size, tls_block_alignment(*plan.info));
        draft.pending_blocks.emplace_back(
            id, group_block{draft.id, plan.id, memory_address{taken.range.address}, taken.range.size});
        draft.pending_memory.emplace_back(id, taken);
      }
    }
  }
}

/// Takes back the blocks that loads in flight had reserved for a group that leaves; no one has seen them.
void drop_pending_blocks(topology& state, group_id group)
{
  for (auto& [id, load] : state.loads) {
    std::erase_if(load.blocks, [&, &reserved = load.reserved_memory](const group_block& block) {
      if (block.group != group) {
        return false;
      }
      const memory_range range{block.address.value, block.size};
      const auto place = std::ranges::find(reserved, range, &memory_arena::allocation::range);
      state.arena.free(range, place->is_dirty, topology_version{0});
      reserved.erase(place);
      return true;
    });
  }
}

void abandon_loads_of(topology& state, group_id group)
{
  std::vector<load_id> own;
  for (const auto& [id, load] : state.loads) {
    if (load.request.requester == group) {
      own.push_back(id);
    }
  }
  for (const load_id id : own) {
    abandon_load(state, id);
  }
}

} // namespace

std::variant<joined_group, needs_memory, error> join_group(topology& state, std::optional<memory_address> main_tls,
                                                           std::uint64_t stack_bytes)
{
  if (state.current->is_stopping) {
    return error(errc::stopping, "the process is stopping; no thread can start");
  }
  if (state.roster.size() >= state.group_limit) {
    return error(errc::spawn_failed, "there are " + std::to_string(state.group_limit) +
                                         " guest threads, which is as many as the process may have");
  }
  group_draft draft;
  draft.id = group_id{state.next_group};
  draft.entry.owns_main_tls = true;
  memory_reservation memory(state.arena, state.reusable_up_to);
  take_published_blocks(state, draft, memory, main_tls);
  take_pending_blocks(state, draft, memory);
  if (stack_bytes != 0) {
    draft.blocks.push_back(take_block(memory, draft.id, own_stack, stack_bytes, scratch_stack_alignment));
  }
  if (!memory.is_complete()) {
    return needs_memory{memory.block_size(), memory.block_alignment()};
  }
  ++state.next_group;
  state.arena = memory.arena();
  for (const group_block& block : draft.blocks) {
    draft.entry.blocks.emplace(block.module, memory_range{block.address.value, block.size});
  }
  for (const auto& [id, block] : draft.pending_blocks) {
    state.loads.at(id).blocks.push_back(block);
  }
  for (const auto& [id, taken] : draft.pending_memory) {
    state.loads.at(id).reserved_memory.push_back(taken);
  }
  state.roster.emplace(draft.id, std::move(draft.entry));
  return joined_group{draft.id, state.current, std::move(draft.blocks)};
}

std::vector<operation_body> leave_group(topology& state, group_id group)
{
  const auto entry = state.roster.find(group);
  if (entry == state.roster.end()) {
    return {};
  }
  abandon_loads_of(state, group);
  drop_pending_blocks(state, group);
  for (const auto& [module, range] : entry->second.blocks) {
    if (module != main_module || entry->second.owns_main_tls) {
      // Only this group ever wrote there, and this is its last act.
      state.arena.free(range, true, topology_version{0});
    }
  }
  end_wait(state, group);
  hand_over_constructions(state, group);
  state.pins.erase(group);
  state.roster.erase(entry);
  std::vector<module_id> closing;
  for (const auto& [module, close] : state.closing) {
    if (close.closer == group) {
      closing.push_back(module);
    }
  }
  return closing.empty() ? std::vector<operation_body>{} : std::vector<operation_body>{unload(state, closing)};
}

operation_body stop(topology& state, std::uint32_t exit_code)
{
  next_snapshot next(state);
  next.edit().is_stopping = true;
  next.publish(state);
  return stop_process{exit_code};
}

void advance(topology& state)
{
  next_snapshot(state).publish(state);
}

} // namespace interlink

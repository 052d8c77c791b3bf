// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/topology.hh"

#include "linker/value_hash.hh"

#include <utility>

namespace interlink {

namespace {

/// The arena as a later request sees it.
void hash_arena(value_hash& hash, memory_arena arena, topology_version reusable_up_to)
{
  arena.settle(reusable_up_to);
  for (const memory_arena::free_range& free : arena.free_ranges()) {
    hash.add(free.range.address);
    hash.add(free.range.size);
    hash.add(free.is_dirty ? 1 : 0);
    hash.add(free.freed_at.value);
  }
}

/// The table without its length, which never shrinks, and without the slots that functions of published modules and of
/// the host were given: an abandoned load leaves those behind, harmlessly.
void hash_table(value_hash& hash, const topology& state)
{
  table_layout table = state.table;
  table.end_rest(); // a load that is abandoned may have needed some
  for (const auto& slots : state.current->slots) {
    slots->of_export.for_each([&](std::size_t, table_index slot) { table.free(slot, 1); });
  }
  for (const slot_fill& given : *state.current->host_slots) {
    table.free(given.slot, 1);
  }
  const std::uint64_t end = table.used_end();
  hash.add(end);
  for (const table_layout::slot_range& free : table.free_ranges()) {
    if (free.base < end) {
      hash.add(free.base);
      hash.add(free.count);
    }
  }
}

void hash_published(value_hash& hash, const snapshot& published)
{
  hash.add(published.is_stopping ? 1 : 0);
  for (std::size_t place = 0; place < published.modules->size(); ++place) {
    hash.add((*published.modules)[place]->plan().id.value);
    published.slots[place]->of_thunk.for_each([&](std::size_t number, table_index slot) {
      hash.add(number);
      hash.add(slot.value);
    });
  }
  for (const module_id member : *published.global_scope) {
    hash.add(member.value);
  }
  for (const auto& [name, module] : *published.names) {
    hash.add(name);
    hash.add(module.value);
  }
  published.closures->of_slot.for_each([&](std::size_t slot, closure_binding binding) {
    hash.add(slot);
    hash.add(binding.value);
  });
}

template <class Map>
void hash_counts(value_hash& hash, const Map& counts)
{
  hash.add(counts.size());
  for (const auto& [key, value] : counts) {
    hash.add(key.value);
    if constexpr (requires { value.value; }) {
      hash.add(value.value);
    } else {
      hash.add(value);
    }
  }
}

/// Which libraries are open. How often changes without a turn.
void hash_open(value_hash& hash, const snapshot& published)
{
  for (const loaded_module_ptr& module : *published.modules) {
    hash.add(module->opens->handles() > 0 ? 1 : 0);
  }
}

void hash_loading(value_hash& hash, const topology& state)
{
  for (const auto& [id, load] : state.loads) {
    hash.add(id.value);
    for (const group_block& block : load.blocks) {
      hash.add(block.group.value);
      hash.add(block.module.value);
      hash.add(block.address.value);
      hash.add(block.size);
    }
  }
  for (const auto& [identity, id] : state.claims) {
    hash.add(identity.device);
    hash.add(identity.inode);
    hash.add(id.value);
  }
  for (const auto& [id, built] : state.constructions) {
    hash.add(id.value);
    hash.add(built.owner.value);
    for (std::size_t i = 0; i < built.order.size(); ++i) {
      hash.add(built.order[i].value);
      hash.add(static_cast<std::uint64_t>(built.states[i]));
      hash.add(built.begun_by[i].value);
    }
  }
}

void hash_roster(value_hash& hash, const topology& state)
{
  for (const auto& [group, entry] : state.roster) {
    hash.add(group.value);
    hash.add(entry.owns_main_tls ? 1 : 0);
    for (const auto& [module, range] : entry.blocks) {
      hash.add(module.value);
      hash.add(range.address);
      hash.add(range.size);
    }
  }
}

/// What keeps modules loaded, and where their imports are looked up.
void hash_bindings(value_hash& hash, const topology& state)
{
  for (const auto& [importer, providers] : state.bound_to) {
    hash.add(importer.value);
    hash.add(providers.size());
    for (const module_id provider : providers) {
      hash.add(provider.value);
    }
  }
  hash.add(state.final_modules.size());
  for (const module_id module : state.final_modules) {
    hash.add(module.value);
  }
  for (const auto& [module, roots] : state.later_roots) {
    hash.add(module.value);
    hash.add(roots.size());
    for (const module_id root : roots) {
      hash.add(root.value);
    }
  }
}

} // namespace

topology make_topology(const main_layout& layout, std::shared_ptr<const host_catalog> catalog,
                       std::uint64_t table_maximum)
{
  topology state;
  state.current = make_empty_snapshot();
  state.arena.add(layout.arena, false);
  state.table = table_layout(1, table_maximum);
  state.catalog = std::move(catalog);
  state.layout = layout;
  state.memory_pages = layout.memory.size.minimum;
  return state;
}

std::uint64_t hash_of(const topology& state)
{
  value_hash hash;
  hash_published(hash, *state.current);
  hash_arena(hash, state.arena, state.reusable_up_to);
  hash_table(hash, state);
  hash_roster(hash, state);
  hash_loading(hash, state);
  hash_counts(hash, state.constructed_by);
  hash_counts(hash, state.waits_for);
  hash_open(hash, *state.current);
  hash_counts(hash, state.references);
  for (const auto& [module, closing] : state.closing) {
    hash.add(module.value);
    hash.add(closing.close.value);
    hash.add(closing.closer.value);
  }
  for (const auto& [group, pinned] : state.pins) {
    hash.add(group.value);
    hash_counts(hash, pinned);
  }
  hash_bindings(hash, state);
  hash.add(state.memory_pages);
  return hash.value();
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A group's function table: what the slots of plans and operations hold in its store.
#include "groups/group_store.hh"
#include "linker/module_checks.hh"
#include "messages/assert.hh"

#include <utility>

namespace interlink {

result<void> group_store::grow_table(std::uint64_t size)
{
  const std::uint64_t length = store_->table_size(function_table_);
  if (size <= length) {
    return {};
  }
  auto grown = store_->table_grow(function_table_, size - length);
  if (!grown) {
    return fail(std::move(grown.error()));
  }
  return {};
}

result<engine::function> group_store::source_function(const function_source& source)
{
  auto bound = source.host ? bind_host(*source.host) : bind_export(source.provider, source.export_ordinal);
  if (!bound) {
    return fail(std::move(bound.error()));
  }
  return std::get<engine::function>(*bound);
}

result<void> group_store::fill(std::span<const slot_fill> slots)
{
  for (const slot_fill& fill_one : slots) {
    // A module that was unloaded, and that this group never instantiated, has no instance to take a function from.
    if (!fill_one.source.host && !instances_.contains(fill_one.source.provider)) {
      continue;
    }
    auto function = source_function(fill_one.source);
    if (!function) {
      return fail(std::move(function.error()));
    }
    if (auto set = store_->table_set(function_table_, fill_one.slot.value, *function); !set) {
      return set;
    }
  }
  return {};
}

std::vector<table_index> group_store::slots_of(const load_plan& load)
{
  std::vector<table_index> slots;
  for (const module_plan& plan : load.modules) {
    const std::vector<table_index> own = own_slots_of(plan);
    slots.insert(slots.end(), own.begin(), own.end());
  }
  for (const slot_fill& fill_one : load.slots) {
    slots.push_back(fill_one.slot);
  }
  return slots;
}

void group_store::clear_slots(std::span<const table_index> slots)
{
  const std::uint64_t length = store_->table_size(function_table_);
  for (const table_index slot : slots) {
    if (slot.value < length) {
      const bool cleared = store_->table_set(function_table_, slot.value, engine::function{}).has_value();
      INTERLINK_ASSERT(cleared);
    }
  }
}

} // namespace interlink

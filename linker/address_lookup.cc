// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/address_lookup.hh"

namespace interlink {

namespace {

known_address describe_function(const snapshot& state, module_id owner, table_index slot)
{
  known_address known{owner, {}, slot.value, true};
  const module_info& info = *state.find(owner)->plan().info;
  for (std::uint32_t ordinal = 0; ordinal < info.exports.size(); ++ordinal) {
    const export_info& exported = info.exports[ordinal];
    const bool is_own =
        kind_of(exported.type) == extern_kind::function && exported.index >= info.imported_function_count;
    if (is_own && !exported.is_hidden() && slot_of(state, owner, ordinal) == slot) {
      known.symbol = exported.name;
      break;
    }
  }
  return known;
}

known_address describe_datum(const snapshot& state, module_id owner, std::uint64_t address)
{
  known_address known{owner, {}, 0, false};
  const module_plan& plan = state.find(owner)->plan();
  for (const export_info& exported : plan.info->exports) {
    const bool is_data = !exported.is_tls() && !exported.is_hidden();
    const auto place = is_data ? data_address_of(exported, plan.memory_base) : std::nullopt;
    const bool is_nearer = place && place->value <= address && place->value >= plan.memory_base.value &&
                           (known.symbol.empty() || place->value > known.symbol_address);
    if (is_nearer) {
      known.symbol = exported.name;
      known.symbol_address = place->value;
    }
  }
  return known;
}

} // namespace

std::optional<known_address> find_address(const snapshot& state, std::uint32_t address)
{
  if (const auto owner = module_with_slot(state, table_index{address})) {
    const known_address function = describe_function(state, *owner, table_index{address});
    // A module's own range of slots may have numbers that are addresses of main's data: the name decides.
    if (!function.symbol.empty() || !module_with_data(state, {address})) {
      return function;
    }
  }
  const auto owner = module_with_data(state, {address});
  return owner ? std::optional(describe_datum(state, *owner, address)) : std::nullopt;
}

} // namespace interlink

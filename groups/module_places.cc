// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/module_places.hh"

#include <utility>
#include <variant>

#include "wasm/demangle.hh"

namespace interlink {

namespace {

/// Without a `name` section, what the module is linked by.
std::string name_of_function(const module_info& info, std::uint32_t index)
{
  if (index < info.imported_function_count) {
    return {}; // an import's thunk is a function of another module
  }
  for (const export_info& each : info.exports) {
    if (each.index == index && std::holds_alternative<function_type>(each.type)) {
      return each.name;
    }
  }
  return {};
}

} // namespace

void known_places::add(const std::string& name, const module_places_ptr& places)
{
  if (places) {
    by_engine_name_.try_emplace(places->engine_name, name, places);
  }
}

void known_places::read(guest_frame& frame) const
{
  const auto known = by_engine_name_.find(frame.module_name);
  if (known != by_engine_name_.end()) {
    const module_places& places = *known->second.places;
    frame.module_name = known->second.name;
    frame.module_hash = places.hash;
    if (frame.module_offset) {
      frame.module_offset = places.code.original_of(*frame.module_offset);
    }
    if (frame.function_name.empty()) {
      frame.function_name = name_of_function(*places.info, frame.function_index);
    }
  }
  frame.function_name = demangled(std::move(frame.function_name));
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls into the simulated guests.
#pragma once

#include "groups/instance_group.hh"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace interlink::simulation {

/// Calls an export of a module that the group has; three arguments at most. What it returned, if anything.
/// Errors: symbol_not_found; what unwinds the guest. Context: the group's thread.
inline result<std::uint32_t> guest_call(instance_group& group, module_id module, const std::string& name,
                                        std::initializer_list<std::uint32_t> arguments)
{
  const auto function = group.store().find_function(module, name);
  if (!function) {
    return fail(errc::symbol_not_found, name);
  }
  std::array<engine::value_slot, 3> values{};
  std::size_t place = 0;
  for (const std::uint32_t argument : arguments) {
    values.at(place++) = engine::value_slot::of_i64(argument);
  }
  if (auto called = group.store().store().call(*function, values); !called) {
    return fail(std::move(called.error()));
  }
  return values[0].i32();
}

inline result<void> without_value(const result<std::uint32_t>& returned)
{
  return returned ? result<void>{} : fail(returned.error());
}

} // namespace interlink::simulation

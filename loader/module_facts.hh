// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All that is known of a compiled module besides its code, as bytes: what a file of the module cache has behind the
// engine's image. Pure.
#pragma once

#include "groups/module_places.hh"
#include "messages/module_info.hh"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace interlink {

/// Context: immutable.
struct module_facts {
  module_info_ptr info;
  bool imports_control_memory{};
  bool imports_runtime_table{};
  bool can_start_again{};
  module_places_ptr places; ///< its `info` is the same
};

std::vector<std::byte> pack(const module_facts& facts);

/// Nothing when the bytes are not of `pack`. Other bytes that happen to read well give some facts, wrong
/// ones: who keeps them must know that they are unchanged.
std::optional<module_facts> unpack_facts(std::span<const std::byte> bytes);

} // namespace interlink

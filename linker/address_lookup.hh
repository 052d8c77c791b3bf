// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Addresses back to names: what dladdr tells. Pure.
#pragma once

#include "linker/snapshot.hh"
#include "messages/ids.hh"

#include <cstdint>
#include <optional>
#include <string_view>

namespace interlink {

/// What lies at an address. Strings live as long as the snapshot's module.
struct known_address {
  module_id module;
  std::string_view symbol;        ///< empty: no exported symbol is near
  std::uint64_t symbol_address{}; ///< of `symbol`: a slot for a function
  bool is_function{};
};

/// A number that is the slot of a module's function is taken for that function; any other for a datum: the nearest
/// exported one below in the module whose data the address lies in. Hidden exports have no names here. Nothing when it
/// is neither.
std::optional<known_address> find_address(const snapshot& state, std::uint32_t address);

} // namespace interlink

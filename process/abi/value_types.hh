// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How guests write down types and values of functions: a byte for each type, and values packed without padding.
#pragma once

#include "engine/engine.hh"
#include "messages/wasm_types.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace interlink::abi {

/// The types, in the order of their numbers, and the bytes of a value of each. Source: `wasm_value_type` of WASIX.
struct guest_value_type {
  value_type type;
  std::size_t size;
};

inline constexpr std::array<guest_value_type, 5> guest_value_types{
    {{wasm::i32, 4}, {wasm::i64, 8}, {wasm::f32, 4}, {wasm::f64, 8}, {wasm::v128, 16}}};

/// Its number; nothing for references.
inline std::optional<std::uint8_t> number_of(const value_type& type)
{
  for (std::size_t number = 0; number < guest_value_types.size(); ++number) {
    if (guest_value_types[number].type == type) {
      return static_cast<std::uint8_t>(number);
    }
  }
  return std::nullopt;
}

} // namespace interlink::abi

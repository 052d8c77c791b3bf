// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every function of `wasix_32v1`, and what becomes of a call. docs/wasix.md has the same table; a test compares the two
// with what guests are offered.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace interlink::abi {

enum class wasix_service : std::uint8_t {
  served,
  refused, ///< links with any type, answers Notsup, and is named to the embedder once
};

/// Context: immutable.
struct wasix_function {
  std::string_view name;
  wasix_service service;
  std::string_view note; ///< why it is refused, or the option that it depends on
};

/// By name in ascending order.
std::span<const wasix_function> wasix_functions();

} // namespace interlink::abi

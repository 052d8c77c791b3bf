// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A number that goes into a guest function or comes out of one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace interlink {

/// A number that a guest function takes or gives. 128-bit vectors are bytes, little-endian.
using guest_value = std::variant<std::int32_t, std::int64_t, float, double, std::array<std::byte, 16>>;

} // namespace interlink

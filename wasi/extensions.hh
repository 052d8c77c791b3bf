// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of `interlink_v1`: calls about files that POSIX has and neither preview 1 nor WASIX, for the kit's C
// library. Described in docs/wasi.md.
#pragma once

#include "wasi/host_call.hh"

#include <span>
#include <string_view>

namespace interlink::wasi {

inline constexpr std::string_view extension_module = "interlink_v1";

/// By name in ascending order.
std::span<const host_call> extension_calls();

} // namespace interlink::wasi

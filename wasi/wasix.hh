// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of `wasix_32v1` that need no engine, by name. Those about threads, processes, signals and libraries are
// in process/abi/.
#pragma once

#include "wasi/host_call.hh"

#include <span>
#include <string_view>

namespace interlink::wasi {

inline constexpr std::string_view wasix_module = "wasix_32v1";

/// By name in ascending order. A bad address is errno `fault` here as everywhere in this layer; WASIX has a number of
/// its own for that, and who registers them puts it there.
std::span<const host_call> wasix_calls();

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calls by name and signature, with raw values, so that a layer which knows an engine registers all of them in one
// loop.
#pragma once

#include "wasi/host_call.hh"

#include <span>
#include <string_view>

namespace interlink::wasi {

inline constexpr std::string_view preview1_module = "wasi_snapshot_preview1";
inline constexpr std::string_view unstable_module = "wasi_unstable";

/// The 46 functions of wasi_snapshot_preview1, by name in ascending order.
std::span<const host_call> preview1_calls();

/// The 45 functions of wasi_unstable, by name in ascending order; see `abi_version` for what differs.
std::span<const host_call> unstable_calls();

/// Null when there is none. Pre: `calls` is one of the two tables.
const host_call* find_call(std::span<const host_call> calls, std::string_view name);

} // namespace interlink::wasi

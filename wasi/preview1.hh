// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calls by name and signature, with raw values, so that a layer which knows an engine registers all of them in one
// loop.
#pragma once

#include "messages/wasm_types.hh"
#include "wasi/calls.hh"
#include "wasi/outcome.hh"
#include "wasi/system.hh"

#include <cstdint>
#include <span>
#include <string_view>

namespace interlink::wasi {

inline constexpr std::string_view preview1_module = "wasi_snapshot_preview1";
inline constexpr std::string_view unstable_module = "wasi_unstable";

/// One importable function. Context: immutable.
struct host_call {
  std::string_view name;
  function_type type; ///< i32 and i64 only; the result, when there is one, is the errno
  bool may_wait;      ///< it can last: the caller should bring its thread up to date when it returns

  /// `args` are the parameters in order, each in the low bits. An outcome that is `returned` has the guest's result.
  /// Pre: as many as `type` has. Does not throw.
  outcome (*invoke)(system& s, call_context& c, std::span<const std::uint64_t> args);
};

/// The 46 functions of wasi_snapshot_preview1, by name in ascending order.
std::span<const host_call> preview1_calls();

/// The 45 functions of wasi_unstable, by name in ascending order; see `abi_version` for what differs.
std::span<const host_call> unstable_calls();

/// Null when there is none. Pre: `calls` is one of the two tables.
const host_call* find_call(std::span<const host_call> calls, std::string_view name);

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function of this layer as a guest imports it: its name, its type in wasm, and how it is called with plain numbers.
#pragma once

#include "messages/wasm_types.hh"
#include "wasi/calls.hh"
#include "wasi/outcome.hh"
#include "wasi/system.hh"

#include <cstdint>
#include <span>
#include <string_view>

namespace interlink::wasi {

/// One importable function. Context: immutable.
struct host_call {
  std::string_view name;
  function_type type; ///< i32 and i64 only; the result, when there is one, is the errno
  bool may_wait;      ///< it can last: the caller should bring its thread up to date when it returns

  /// `args` are the parameters in order, each in the low bits. An outcome that is `returned` has the guest's result.
  /// Pre: as many as `type` has. Does not throw.
  outcome (*invoke)(system& s, call_context& c, std::span<const std::uint64_t> args);
};

} // namespace interlink::wasi

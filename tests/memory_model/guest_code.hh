// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What instrumented guest code does, in the words of the host.
#pragma once

#include "tests/memory_model/checked.hh"

#include <cstdint>

namespace interlink::memory_model {

/// The check in front of an indirect call, as wasm/code_rewriter.cc writes it: i32.atomic.load of the head's low
/// half, which WebAssembly makes sequentially consistent, and a comparison with the instance's own global. The half is
/// read as a part of the whole here: an aligned word is never read torn.
inline bool guest_must_catch_up(std::uint64_t& head, std::uint32_t applied)
{
  return static_cast<std::uint32_t>(atomic_ref<std::uint64_t>(head).load(std::memory_order_seq_cst)) != applied;
}

/// The load of a closure's record, as wasm/closure_module.cc writes it: i64.atomic.load.
inline std::uint64_t guest_record(std::uint64_t& word)
{
  return atomic_ref<std::uint64_t>(word).load(std::memory_order_seq_cst);
}

} // namespace interlink::memory_model

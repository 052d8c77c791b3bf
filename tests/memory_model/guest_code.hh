// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What instrumented guest code does, in the words of the host.
#pragma once

#include "tests/memory_model/checked.hh"

#include <cstdint>

namespace interlink::memory_model {

/// The check in front of an indirect call, as wasm/code_rewriter.cc writes it: i32.atomic.load of the head's word,
/// which WebAssembly makes sequentially consistent, and a comparison with the instance's own global.
inline bool guest_must_catch_up(std::uint32_t& head_word, std::uint32_t applied)
{
  return atomic_ref<std::uint32_t>(head_word).load(std::memory_order_seq_cst) != applied;
}

} // namespace interlink::memory_model

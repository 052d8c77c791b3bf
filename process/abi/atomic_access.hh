// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a wait or notify that instrumented code hands to the host takes effect, or how the instruction would trap.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace interlink::abi {

/// The place in a memory of `memory_bytes` that an atomic access to a word of `word_bytes` means, or the engine's text
/// of its trap. The engine (Wasmtime 50) looks at the alignment before it looks at the bounds; the fuzzer of the
/// instrumenter would notice a change. Context: any thread.
inline std::expected<std::uint64_t, std::string_view> atomic_place(std::uint32_t address, std::uint64_t offset,
                                                                   std::uint64_t memory_bytes, std::uint64_t word_bytes)
{
  const std::uint64_t place = address + offset;
  if (place < address) {
    return std::unexpected("out of bounds memory access");
  }
  if (place % word_bytes != 0) {
    return std::unexpected("unaligned atomic");
  }
  if (memory_bytes < word_bytes || place > memory_bytes - word_bytes) {
    return std::unexpected("out of bounds memory access");
  }
  return place;
}

} // namespace interlink::abi

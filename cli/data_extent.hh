// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far a module's initialised data reach: what lies behind is zero at first, as `.bss` is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace interlink::cli {

/// One past the last initialised byte: an offset from the memory base, or an address in a module at fixed addresses.
/// Active segments tell it themselves; passive ones are placed by the start function, whose `memory.init`s are followed
/// (source: what wasm-ld writes as `__wasm_init_memory`). Nothing when a segment's place cannot be told.
/// Context: any thread.
std::optional<std::uint64_t> find_data_end(std::span<const std::byte> bytes);

} // namespace interlink::cli

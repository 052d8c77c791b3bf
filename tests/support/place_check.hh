// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The exactness of a code map, shown for every instruction of a module.
#pragma once

#include <span>
#include <string>

#include "wasm/instrumenter.hh"
#include "wasm/module_layout.hh"

namespace interlink::support {

/// The places of all instructions of the rewritten module must be, one after the other, those of the original: each
/// original one at least once, in its order, and as the same instruction where it was copied.
/// Returns the first difference, or nothing.
std::string difference_of_places(std::span<const std::byte> original, const instrumented_module& made);

} // namespace interlink::support

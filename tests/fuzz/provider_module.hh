// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A module that defines what another one imports and no host can make, because the types are the module's own.
#pragma once

#include <cstddef>
#include <vector>

#include "wasm/module_layout.hh"

namespace interlink::fuzz {

/// Has the types of `wanted`, and for each of its imports an export that is called by the import's number: tables and
/// globals that hold null, memories, tags, and functions that trap. Left out are those that cannot be: globals and
/// tables whose references must not be null, and globals of numbers.
std::vector<std::byte> make_provider_module(const module_layout& wanted);

} // namespace interlink::fuzz

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The index spaces of a module that was read.
#pragma once

#include "wasm/module_layout.hh"

namespace interlink {

/// How many of a kind there are, imports included. Context: any thread.
std::size_t count_of(const module_layout& layout, extern_kind kind) noexcept;

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Facts that only the code tells: which instructions there are, and whether an initialiser is closed.
#pragma once

#include "messages/module_info.hh"

#include <cstdint>
#include <vector>

#include "wasm/module_layout.hh"

namespace interlink {

struct code_flags {
  bool uses_legacy_exceptions = false;
  bool has_wait_or_notify = false;
  bool grows_memory = false;
};

/// Walks all code once.
/// Errors: those of the walker, with the function's index. Context: any thread.
result<code_flags> scan_code(const module_layout& layout);

/// Closed when neither the function nor what it calls calls an import, calls indirectly, reads the function table,
/// throws, or waits. One way of waiting is allowed: the one of wasm-ld's `__wasm_init_memory`, which waits only for
/// another instance of the same module to finish the same work; seen as a function without calls that has one
/// compare-and-exchange, one wait32, one notify and initialises memory. What only looks like it is told apart when it
/// runs: a closed initialiser that would wait traps.
/// Errors: those of the walker, with the function's index. Context: any thread.
result<initialiser_kind> classify_initialiser(const module_layout& layout, std::uint32_t function_index);

/// The reader of one body: `index` counts defined functions.
inline binary_reader body_reader(const module_layout& layout, std::size_t index)
{
  const code_body& body = layout.bodies[index];
  return binary_reader(layout.bytes.subspan(body.begin, body.size), body.begin);
}

/// A failure inside the code of defined function `index`, naming it.
error code_error(const module_layout& layout, std::size_t index, const error& failure);

} // namespace interlink

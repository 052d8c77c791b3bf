// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether an instance whose module was unloaded can serve the next incarnation of the same module: an engine keeps
// instances as long as their store, so a library that is opened and closed again and again would otherwise grow it.
#pragma once

#include "messages/error.hh"

#include <vector>

#include "wasm/module_layout.hh"

namespace interlink {

/// Context: a value.
struct second_start {
  /// Running the start function and `__wasm_init_tls` again brings the instance to where it was at first: all else that
  /// it keeps for itself never changes. Its memory and its part of the function table are the linker's to restore.
  bool is_possible = false;
  /// By defined function: reached from the start function, which needs its segments each time it runs. Empty unless
  /// `is_possible`.
  std::vector<bool> in_start;
};

/// Possible unless code outside of these functions sets a mutable global of the module's own or drops a segment, a
/// start function reads such a global, others can set it as an export, or data segments are active. Pre: a module with
/// dylink.0 that the instrumenter accepts. Errors: those of the walker, with the function's index. Context: any thread.
result<second_start> read_second_start(const module_layout& layout);

} // namespace interlink

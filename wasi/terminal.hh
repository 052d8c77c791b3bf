// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The terminal that a guest may have put into another mode. It outlives the process, so it gets its mode back.
#pragma once

namespace interlink::wasi {

/// Gives every terminal that guests have changed the mode that it had before the first change. Context: any thread, any
/// number of times.
void restore_terminals() noexcept;

} // namespace interlink::wasi

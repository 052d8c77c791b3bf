// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What became of a signal that was sent to a process.
#pragma once

#include <cstdint>

namespace interlink {

class process_core;

/// Whether a thread has been sent the signal and has not taken it yet. Context: any thread.
bool is_signal_pending(const process_core& process, std::uint32_t signal);

} // namespace interlink

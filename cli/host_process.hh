// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command's own process, as whoever starts it may have left it.
#pragma once

#include <array>

namespace interlink::cli {

/// Before anything else opens a file or starts a thread. A standard stream that the command was started without (`<&-`
/// in a shell) gets a placeholder, on which every transfer fails as on a closed one: else the next file that is opened,
/// such as a cache or a wake-up descriptor, would be taken for the stream. SIGXFSZ is ignored, so that a limit of file
/// lengths (`ulimit -f`) is an error of the write, in the guest as in the cache of compiled modules.
void prepare_host_process();

/// Which of the three standard streams the command was started without. Context: after `prepare_host_process`.
std::array<bool, 3> closed_streams();

} // namespace interlink::cli

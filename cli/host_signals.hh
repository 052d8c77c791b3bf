// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signals that the command gets while a guest runs. SIGINT and SIGTERM are the guest's, if it has a handler, and so is
// SIGQUIT where its C library is not the kit's; for any other guest they do to the command what they do by default.
#pragma once

#include <asio/io_context.hpp>

namespace interlink {
class process;
}

namespace interlink::cli {

/// From here on. Both live as long as the command.
void pass_signals_on(asio::io_context& context, process& guest);

} // namespace interlink::cli

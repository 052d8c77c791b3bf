// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <interlink/log.hh>

#include "loader/debug_log.hh"

namespace interlink::v0 {

/// A logger of spdlog's on standard error, one for the whole library.
log_sink default_log();

/// Records of the library as those of the public header; `name` is the process's.
interlink::log_sink to_internal(log_sink sink, std::string name);

} // namespace interlink::v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host file that a program is read from, which need not be a regular one: `interlink run <(build)` and
// `build | interlink run -` work as `sh` does with a script.
#pragma once

#include "messages/error.hh"
#include "wasi/unique_fd.hh"

#include <string>

namespace interlink {

/// Opens `path` for reading. "-" is standard input, and /dev/fd/N is the process's descriptor N, also where there is no
/// /proc. A pipe, a socket or a device is read to its end into a file in memory, which is returned; a FIFO that nobody
/// writes to makes it wait. Errors: library_not_found; file_unreadable, a directory included; limit_exceeded.
result<wasi::unique_fd> open_program_file(const std::string& path);

} // namespace interlink

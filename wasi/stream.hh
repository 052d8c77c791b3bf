// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Transfers that may wait: they block as the guest expects, hold no lock, and end at a cancel. How each kind of file is
// kept from blocking inside the kernel is told in wasi/open_file.hh.
#pragma once

#include "wasi/canceller.hh"
#include "wasi/open_file.hh"
#include "wasi/outcome.hh"

#include <cstddef>
#include <cstdint>
#include <span>
#include <sys/uio.h>

namespace interlink::wasi {

/// Waits until `fd` has one of the poll `events`, an error or a hangup; success then, else as canceller::look. Errno
/// again when that lasts longer than the limit in nanoseconds; a negative limit is none.
outcome wait_for_events(int fd, short events, canceller& cancel, std::int64_t limit = -1);

/// Reads what is there, at least one byte, or 0 at the end of the file. Returns the count.
/// Errors: again when the guest's descriptor is non-blocking and nothing is there; intr; the host's.
expected<std::size_t> read_stream(open_file& file, std::span<iovec> buffers, canceller& cancel);

/// Writes everything; less only when non-blocking, or when an error or an interruption follows a part. Returns the
/// count. A pipe or socket without reader is errno `pipe`, and the host process gets no SIGPIPE.
expected<std::size_t> write_stream(open_file& file, std::span<iovec> buffers, canceller& cancel);

/// Drops `count` bytes from the front of the buffers; returns the buffers left, the first possibly cut.
std::span<iovec> drop_front(std::span<iovec> buffers, std::size_t count);

/// Sum of the lengths.
std::size_t total_bytes(std::span<const iovec> buffers);

} // namespace interlink::wasi

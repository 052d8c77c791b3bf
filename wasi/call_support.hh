// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers that several files of calls share. Not installed.
#pragma once

#include "wasi/calls.hh"
#include "wasi/guest_path.hh"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <vector>

namespace interlink::wasi {

/// Result of a host call that returns -1 on failure.
outcome from_host_call(long returned) noexcept;

/// The guest's buffers, copied and checked, for the kernel to fill or to read.
/// Errors: fault; inval when they are longer than 4 GiB together.
expected<std::vector<iovec>> load_iovecs(const guest_memory& memory, guest_pointer address, guest_size count);

/// A checked path, copied. Errors: fault and those of `check_relative_path`.
expected<std::string> load_path(const guest_memory& memory, guest_pointer address, guest_size length);

/// A directory's descriptor. Errors: badf, notdir, notcapable.
expected<descriptor_ptr> find_directory(system& s, guest_fd fd, std::uint64_t needed);

/// Writes a `filestat` in the layout of the version. Errors: fault.
outcome store_filestat(const guest_memory& memory, guest_pointer address, const struct stat& status, file_type type,
                       abi_version version);

std::size_t filestat_size(abi_version version) noexcept;

/// The pair for utimensat. Errors: inval for undefined or contradicting flags.
expected<std::array<timespec, 2>> make_times(std::uint64_t access, std::uint64_t modification, std::uint32_t flags);

} // namespace interlink::wasi

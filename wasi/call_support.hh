// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers that several files of calls share. Not installed.
#pragma once

#include "wasi/calls.hh"
#include "wasi/guest_path.hh"
#include "wasi/signal_guard.hh"

#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <vector>

namespace interlink::wasi {

/// The kernel has no larger place in a file.
inline constexpr auto offset_max = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

/// Result of a host call that returns -1 on failure.
outcome from_host_call(long returned) noexcept;

/// Makes a host call that may make a file longer, and returns what it returned, errno set. Beyond the process's limit
/// of file lengths (RLIMIT_FSIZE) it is EFBIG, without the signal SIGXFSZ that would end the process.
template <class Call>
auto within_file_limit(Call call)
{
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) {
    return call();
  }
  int failure = 0;
  auto returned = [&] {
    signal_guard guard(SIGXFSZ);
    auto result = call();
    failure = errno;
    guard.note(result < 0 && failure == EFBIG);
    return result;
  }();
  errno = failure;
  return returned;
}

/// The guest's buffers, copied and checked, for the kernel to fill or to read.
/// Errors: fault; inval when they are longer than 4 GiB together.
expected<std::vector<iovec>> load_iovecs(const guest_memory& memory, guest_pointer address, guest_size count);

/// A checked path, copied. Beneath the guest's "/" an absolute path is in order, and means the same as without its
/// leading slashes. Errors: fault and those of `check_relative_path`.
expected<std::string> load_path(const guest_memory& memory, guest_pointer address, guest_size length,
                                const open_file* start = nullptr);

/// A directory's descriptor. Errors: badf, notdir, notcapable.
expected<descriptor_ptr> find_directory(system& s, guest_fd fd, std::uint64_t needed);

/// Writes a `filestat` in the layout of the version. Errors: fault.
outcome store_filestat(const guest_memory& memory, guest_pointer address, const struct stat& status, file_type type,
                       abi_version version);

std::size_t filestat_size(abi_version version) noexcept;

/// The pair for utimensat. Errors: inval for undefined or contradicting flags.
expected<std::array<timespec, 2>> make_times(std::uint64_t access, std::uint64_t modification, std::uint32_t flags);

} // namespace interlink::wasi

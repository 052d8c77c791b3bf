// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants of WASI preview 1 as a 32-bit guest sees them: rights, flags, file types, and the sizes of the structures
// in guest memory. Source of every number: WASI preview 1, typenames.witx. Structures are little-endian; offsets of
// fields stand beside the code that reads or writes them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace interlink::wasi {

using guest_pointer = std::uint32_t;
using guest_size = std::uint32_t;
using guest_fd = std::uint32_t;

/// Bits of `rights`. A descriptor has two sets: what may be done with it, and what descriptors opened through it may be
/// given at most.
namespace rights {
inline constexpr std::uint64_t fd_datasync = 1ULL << 0;
inline constexpr std::uint64_t fd_read = 1ULL << 1;
inline constexpr std::uint64_t fd_seek = 1ULL << 2;
inline constexpr std::uint64_t fd_fdstat_set_flags = 1ULL << 3;
inline constexpr std::uint64_t fd_sync = 1ULL << 4;
inline constexpr std::uint64_t fd_tell = 1ULL << 5;
inline constexpr std::uint64_t fd_write = 1ULL << 6;
inline constexpr std::uint64_t fd_advise = 1ULL << 7;
inline constexpr std::uint64_t fd_allocate = 1ULL << 8;
inline constexpr std::uint64_t path_create_directory = 1ULL << 9;
inline constexpr std::uint64_t path_create_file = 1ULL << 10;
inline constexpr std::uint64_t path_link_source = 1ULL << 11;
inline constexpr std::uint64_t path_link_target = 1ULL << 12;
inline constexpr std::uint64_t path_open = 1ULL << 13;
inline constexpr std::uint64_t fd_readdir = 1ULL << 14;
inline constexpr std::uint64_t path_readlink = 1ULL << 15;
inline constexpr std::uint64_t path_rename_source = 1ULL << 16;
inline constexpr std::uint64_t path_rename_target = 1ULL << 17;
inline constexpr std::uint64_t path_filestat_get = 1ULL << 18;
inline constexpr std::uint64_t path_filestat_set_size = 1ULL << 19;
inline constexpr std::uint64_t path_filestat_set_times = 1ULL << 20;
inline constexpr std::uint64_t fd_filestat_get = 1ULL << 21;
inline constexpr std::uint64_t fd_filestat_set_size = 1ULL << 22;
inline constexpr std::uint64_t fd_filestat_set_times = 1ULL << 23;
inline constexpr std::uint64_t path_symlink = 1ULL << 24;
inline constexpr std::uint64_t path_remove_directory = 1ULL << 25;
inline constexpr std::uint64_t path_unlink_file = 1ULL << 26;
inline constexpr std::uint64_t poll_fd_readwrite = 1ULL << 27;
inline constexpr std::uint64_t sock_shutdown = 1ULL << 28;
inline constexpr std::uint64_t sock_accept = 1ULL << 29;

/// Every bit that has a meaning. Others are ignored where a guest asks for rights: some language runtimes ask for all
/// 64 bits.
inline constexpr std::uint64_t all = (1ULL << 30) - 1;

/// What may be asked of a pipe or a terminal. Whether a pipe can be synced or a terminal given a size is for the kernel
/// to say, whose answer names the reason: a missing right would not. No seek and no tell: the guest's libc takes a
/// character device without them for a terminal (wasi-libc, isatty).
inline constexpr std::uint64_t stream = fd_read | fd_write | fd_datasync | fd_sync | fd_fdstat_set_flags | fd_advise |
                                        fd_allocate | fd_filestat_get | fd_filestat_set_size | fd_filestat_set_times |
                                        poll_fd_readwrite;

inline constexpr std::uint64_t socket = stream | sock_shutdown | sock_accept;

/// Regular files, block devices, and character devices other than terminals.
inline constexpr std::uint64_t regular_file = stream | fd_seek | fd_tell;

inline constexpr std::uint64_t directory =
    fd_datasync | fd_sync | fd_fdstat_set_flags | fd_readdir | fd_filestat_get | fd_filestat_set_times |
    path_create_directory | path_create_file | path_link_source | path_link_target | path_open | path_readlink |
    path_rename_source | path_rename_target | path_filestat_get | path_filestat_set_size | path_filestat_set_times |
    path_symlink | path_remove_directory | path_unlink_file | poll_fd_readwrite;

inline constexpr std::uint64_t below_directory = directory | regular_file | socket;

/// Rights that need a host descriptor open for writing.
inline constexpr std::uint64_t writing = fd_write | fd_allocate | fd_filestat_set_size;
} // namespace rights

namespace fd_flag {
inline constexpr std::uint16_t append = 1 << 0;
inline constexpr std::uint16_t dsync = 1 << 1;
inline constexpr std::uint16_t nonblock = 1 << 2;
inline constexpr std::uint16_t rsync = 1 << 3;
inline constexpr std::uint16_t sync = 1 << 4;
inline constexpr std::uint16_t any_sync = dsync | rsync | sync;
inline constexpr std::uint16_t all = append | nonblock | any_sync;
} // namespace fd_flag

namespace open_flag {
inline constexpr std::uint32_t create = 1 << 0;
inline constexpr std::uint32_t directory = 1 << 1;
inline constexpr std::uint32_t exclusive = 1 << 2;
inline constexpr std::uint32_t truncate = 1 << 3;
inline constexpr std::uint32_t all = 0xf;
} // namespace open_flag

namespace lookup_flag {
inline constexpr std::uint32_t symlink_follow = 1 << 0;
} // namespace lookup_flag

namespace time_flag {
inline constexpr std::uint32_t access = 1 << 0;
inline constexpr std::uint32_t access_now = 1 << 1;
inline constexpr std::uint32_t modification = 1 << 2;
inline constexpr std::uint32_t modification_now = 1 << 3;
inline constexpr std::uint32_t all = 0xf;
} // namespace time_flag

namespace receive_flag {
inline constexpr std::uint32_t peek = 1 << 0;
inline constexpr std::uint32_t wait_all = 1 << 1;
inline constexpr std::uint16_t data_truncated = 1 << 0; ///< of the result
} // namespace receive_flag

namespace shutdown_flag {
inline constexpr std::uint32_t reading = 1 << 0;
inline constexpr std::uint32_t writing = 1 << 1;
} // namespace shutdown_flag

/// Preview 1 has no type for pipes and FIFOs: they are `unknown`.
enum class file_type : std::uint8_t {
  unknown = 0,
  block_device = 1,
  character_device = 2,
  directory = 3,
  regular_file = 4,
  socket_dgram = 5,
  socket_stream = 6,
  symbolic_link = 7,
};

enum class clock_id : std::uint32_t { realtime = 0, monotonic = 1, process_cputime = 2, thread_cputime = 3 };

enum class event_type : std::uint8_t { clock = 0, fd_read = 1, fd_write = 2 };

/// The two module names of preview 1. They differ in: `whence` of fd_seek (snapshot: set 0, current 1, end 2; unstable:
/// current 0, end 1, set 2), the size of `filestat` (64 bytes against 56: the link count is 64 or 32 bits wide), the
/// size of a subscription (48 against 56: the unstable clock has an identifier), and sock_accept, which unstable lacks.
enum class abi_version : std::uint8_t { snapshot_preview1, unstable };

namespace abi_size {
inline constexpr std::size_t iovec = 8;
inline constexpr std::size_t fdstat = 24;
inline constexpr std::size_t filestat = 64;
inline constexpr std::size_t filestat_unstable = 56;
inline constexpr std::size_t prestat = 8;
inline constexpr std::size_t dirent = 24;
inline constexpr std::size_t subscription = 48;
inline constexpr std::size_t subscription_unstable = 56;
inline constexpr std::size_t event = 32;
} // namespace abi_size

/// Bounds of this layer, each with its reason.
namespace bound {
/// PATH_MAX of Linux, terminator included.
inline constexpr std::size_t path_bytes = 4096;
/// IOV_MAX of Linux; a guest that gives more gets a short transfer of the first ones.
inline constexpr std::size_t iovecs = 1024;
/// Descriptors of one guest; the host's own limit is usually met first.
inline constexpr std::size_t descriptors = 1U << 20;
/// Subscriptions of one poll: 64 times the usual limit of open files, and 3 MiB of host memory.
inline constexpr std::size_t subscriptions = 1U << 16;
} // namespace bound

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of WASI preview 1, typed. Their meaning, parameters and errors are those of the specification; only
// what it leaves open, or what we do otherwise, is said here. Common to all:
//
//  - a descriptor that is not open is badf; a right that is missing, notcapable; an undefined flag, inval;
//  - every address is checked before anything happens, so a call that fails with fault has done nothing;
//  - a path that leads out of its directory is notcapable, an absolute one too;
//  - a call that waits returns what the canceller says, `outcome::cancelled()` or errno intr, holds no lock, and waits
//    for nothing that another thread holds.
//
// wasi/preview1.hh has them by name, for registering in an engine.
#pragma once

#include "wasi/abi.hh"
#include "wasi/canceller.hh"
#include "wasi/guest_memory.hh"
#include "wasi/outcome.hh"
#include "wasi/system.hh"

#include <cstdint>

namespace interlink::wasi {

/// What a call gets from the guest thread that makes it. Context: one thread at a time.
struct call_context {
  guest_memory memory;
  canceller& cancel;
};

// Process.
outcome args_get(system& s, call_context& c, guest_pointer argv, guest_pointer buffer);
outcome args_sizes_get(system& s, call_context& c, guest_pointer count, guest_pointer size);
outcome environ_get(system& s, call_context& c, guest_pointer environ, guest_pointer buffer);
outcome environ_sizes_get(system& s, call_context& c, guest_pointer count, guest_pointer size);
outcome clock_res_get(system& s, call_context& c, std::uint32_t id, guest_pointer resolution);
outcome clock_time_get(system& s, call_context& c, std::uint32_t id, std::uint64_t precision, guest_pointer time);
/// Unwinds the guest with the code; the exit hook runs first, once.
outcome proc_exit(system& s, call_context& c, std::uint32_t code);
/// A signal that ends a process by default exits with 128 plus its Linux number, as a shell shows it; one that is
/// ignored by default is a success; one that stops a process is notsup.
outcome proc_raise(system& s, call_context& c, std::uint32_t signal);
outcome sched_yield(system& s, call_context& c);
outcome random_get(system& s, call_context& c, guest_pointer buffer, guest_size size);

// Descriptors.
outcome fd_advise(system& s, call_context& c, guest_fd fd, std::uint64_t offset, std::uint64_t size,
                  std::uint32_t advice);
outcome fd_allocate(system& s, call_context& c, guest_fd fd, std::uint64_t offset, std::uint64_t size);
/// A call of another thread that uses the descriptor goes on; the host file closes after it.
outcome fd_close(system& s, call_context& c, guest_fd fd);
outcome fd_datasync(system& s, call_context& c, guest_fd fd);
outcome fd_fdstat_get(system& s, call_context& c, guest_fd fd, guest_pointer stat);
/// append and nonblock are kept by us, never set on a host description that other processes may share; the sync flags
/// cannot be changed: notsup.
outcome fd_fdstat_set_flags(system& s, call_context& c, guest_fd fd, std::uint32_t flags);
outcome fd_fdstat_set_rights(system& s, call_context& c, guest_fd fd, std::uint64_t base, std::uint64_t inheriting);
outcome fd_filestat_get(system& s, call_context& c, guest_fd fd, guest_pointer stat);
outcome fd_filestat_set_size(system& s, call_context& c, guest_fd fd, std::uint64_t size);
outcome fd_filestat_set_times(system& s, call_context& c, guest_fd fd, std::uint64_t access, std::uint64_t modification,
                              std::uint32_t flags);
outcome fd_pread(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, std::uint64_t offset,
                 guest_pointer size);
outcome fd_prestat_get(system& s, call_context& c, guest_fd fd, guest_pointer prestat);
/// nametoolong when the buffer is too short; the name has no terminator.
outcome fd_prestat_dir_name(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size size);
outcome fd_pwrite(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, std::uint64_t offset,
                  guest_pointer size);
/// Waits on pipes, terminals and sockets until there is a byte or the end; never reads ahead.
outcome fd_read(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, guest_pointer size);
/// Each call reads on its own host description, so threads with their own cookies do not disturb each other.
outcome fd_readdir(system& s, call_context& c, guest_fd fd, guest_pointer buffer, guest_size size, std::uint64_t cookie,
                   guest_pointer used);
/// To a WASIX C library it is dup2: `from` stays open, and `to` need not be.
outcome fd_renumber(system& s, call_context& c, guest_fd from, guest_fd to);
/// spipe for pipes, terminals and sockets, whatever their rights.
outcome fd_seek(system& s, call_context& c, guest_fd fd, std::uint64_t offset, std::uint32_t whence,
                guest_pointer place);
outcome fd_sync(system& s, call_context& c, guest_fd fd);
outcome fd_tell(system& s, call_context& c, guest_fd fd, guest_pointer place);
/// Waits on pipes, terminals and sockets until all is written; up to 4096 bytes go to a pipe in one piece.
outcome fd_write(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, guest_pointer size);

// Paths.
outcome path_create_directory(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size length);
outcome path_filestat_get(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                          guest_size length, guest_pointer stat);
outcome path_filestat_set_times(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                                guest_size length, std::uint64_t access, std::uint64_t modification,
                                std::uint32_t flags);
outcome path_link(system& s, call_context& c, guest_fd old_fd, std::uint32_t lookup, guest_pointer old_path,
                  guest_size old_length, guest_fd new_fd, guest_pointer new_path, guest_size new_length);
/// A FIFO: opened for reading, the call returns at once and the first read waits for a writer; opened for writing, it
/// waits for a reader. Non-blocking, neither waits, and writing without a reader is nxio.
outcome path_open(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path, guest_size length,
                  std::uint32_t open_flags, std::uint64_t base, std::uint64_t inheriting, std::uint32_t flags,
                  guest_pointer opened);
outcome path_readlink(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size length,
                      guest_pointer buffer, guest_size size, guest_pointer used);
outcome path_remove_directory(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size length);
outcome path_rename(system& s, call_context& c, guest_fd fd, guest_pointer old_path, guest_size old_length,
                    guest_fd new_fd, guest_pointer new_path, guest_size new_length);
/// An absolute target is notcapable: it could only lead out.
outcome path_symlink(system& s, call_context& c, guest_pointer target, guest_size target_length, guest_fd fd,
                     guest_pointer path, guest_size length);
outcome path_unlink_file(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size length);

/// Failures of one subscription are events with an errno. CPU time clocks are notsup. The count of a write event is the
/// 4096 bytes that a pipe takes in one piece.
outcome poll_oneoff(system& s, call_context& c, guest_pointer subscriptions, guest_pointer events, guest_size count,
                    guest_pointer stored);

// Sockets.
outcome sock_accept(system& s, call_context& c, guest_fd fd, std::uint32_t flags, guest_pointer accepted);
/// Peeking and waiting for all at once is notsup.
outcome sock_recv(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, std::uint32_t flags,
                  guest_pointer size, guest_pointer result_flags);
outcome sock_send(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, std::uint32_t flags,
                  guest_pointer size);
outcome sock_shutdown(system& s, call_context& c, guest_fd fd, std::uint32_t how);

// What the older module name `wasi_unstable` has otherwise; see `abi_version`.
outcome unstable_fd_filestat_get(system& s, call_context& c, guest_fd fd, guest_pointer stat);
outcome unstable_fd_seek(system& s, call_context& c, guest_fd fd, std::uint64_t offset, std::uint32_t whence,
                         guest_pointer place);
outcome unstable_path_filestat_get(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                                   guest_size length, guest_pointer stat);
outcome unstable_poll_oneoff(system& s, call_context& c, guest_pointer subscriptions, guest_pointer events,
                             guest_size count, guest_pointer stored);

} // namespace interlink::wasi

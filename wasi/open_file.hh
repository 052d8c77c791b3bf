// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One open host file, and how to read and write it without ever blocking in the kernel where it could last: a blocked
// read cannot be cancelled. The host's descriptors 0 to 2 are usually shared with other processes (a shell, a pager),
// so O_NONBLOCK, a property of the shared open file description, is never set on them. Instead, per kind of file:
//
//  - regular files, directories, block devices never wait;
//  - sockets take MSG_DONTWAIT per call;
//  - what the guest itself opens gets O_NONBLOCK at the open: the description is ours;
//  - an inherited pipe, FIFO or terminal is opened a second time through /proc/self/fd, with O_NONBLOCK: a private
//    description of the same pipe or terminal. Polls go to the inherited descriptor, transfers to the private one;
//  - where that is refused (another user's pipe, no /proc, a pipe without reader) a pipe takes RWF_NOWAIT per call;
//  - and where that is not supported (a pseudo-terminal's master) the readers of this process take turns: poll without
//    waiting, then transfer at most what poll promised. Only another process that steals the data between the two
//    can still make such a transfer wait.
//
// Nothing is ever read ahead: bytes that the guest did not ask for stay with the host.
#pragma once

#include "wasi/abi.hh"
#include "wasi/beneath.hh"
#include "wasi/outcome.hh"
#include "wasi/unique_fd.hh"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace interlink::wasi {

/// How transfers avoid blocking; see the head of this file.
enum class wait_method : std::uint8_t { never_waits, nonblocking, no_wait_flag, socket, turns };

/// What the embedder does in place of a host file. Context: any guest thread, several at once; may wait, and must not
/// throw.
struct stream_hooks {
  std::function<std::size_t(std::span<std::byte>)> read; ///< puts at least one byte there; 0 is the end
  std::function<void(std::span<const std::byte>)> write; ///< takes all of it
};

/// Bytes that may still be written. Context: any thread.
struct output_budget {
  std::atomic<std::uint64_t> left;
};

struct mount_directory;
struct socket_state;
class epoll_set;

/// An open host file. Shared by the descriptor table and by every call under way, so its host descriptor is closed, and
/// its number reused by the host, only after the last of them. Context: any thread.
struct open_file {
  unique_fd fd;         ///< for status, seeks and polls
  unique_fd private_fd; ///< for transfers, when open
  file_type type = file_type::unknown;
  bool is_pipe = false;
  std::uint64_t possible_rights{}; ///< what this file and its access mode allow at most
  std::uint16_t host_append = 0;   ///< fd_flag::append when the inherited description appends by itself

  /// Of a directory: nothing beneath it can be changed. Of another file: it was opened beneath such a directory.
  bool is_read_only = false;
  bool is_root = false; ///< the guest's "/"

  /// Of a directory that no host directory stands for; `fd` is closed then. See wasi/mount_directory.hh.
  std::shared_ptr<const mount_directory> mounts;

  std::shared_ptr<socket_state> socket; ///< of a socket; see wasi/socket_state.hh
  std::shared_ptr<epoll_set> epoll;     ///< of an epoll descriptor; see wasi/epoll_set.hh

  std::shared_ptr<const stream_hooks> hooks; ///< of a stream of the embedder's; `fd` is the null device then
  std::shared_ptr<output_budget> budget;     ///< of standard output and errors, when they are bounded

  /// A FIFO that the guest opened for reading says end-of-file while no writer has come yet; a poll knows the
  /// difference, so it comes first.
  bool polls_before_read = false;

  std::atomic<wait_method> method{wait_method::never_waits}; ///< falls from `no_wait_flag` to `turns`, once
  std::atomic<std::uint16_t> flags{0};                       ///< fd_flag bits as the guest sees them
  std::atomic_flag read_turn;                                ///< for wait_method::turns
  std::atomic_flag write_turn;

  base_directory base() const noexcept { return {fd.value(), is_root}; }

  int transfer_fd() const noexcept { return private_fd.is_open() ? private_fd.value() : fd.value(); }

  bool is_stream() const noexcept { return (possible_rights & rights::fd_seek) == 0 && type != file_type::directory; }
};

using open_file_ptr = std::shared_ptr<open_file>;

/// Takes a duplicate of a descriptor that the embedder owns. Errors: the host's.
expected<open_file_ptr> adopt_file(int host_fd);

/// A stream of the embedder's, which never waits in the kernel. Errors: the host's, of the null device.
expected<open_file_ptr> make_hooked_file(stream_hooks hooks);

/// Takes over a descriptor that this layer made, opened or accepted with O_NONBLOCK. `flags` are the guest's.
/// Errors: the host's.
expected<open_file_ptr> own_file(unique_fd fd, std::uint16_t flags);

/// The WASI type of a host mode (`st_mode`), sockets taken as streams.
file_type type_of_mode(std::uint32_t mode) noexcept;

} // namespace interlink::wasi

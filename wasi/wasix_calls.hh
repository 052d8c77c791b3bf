// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of WASIX about files and descriptors, beside those of wasi/calls.hh and by the same rules.
// wasi/wasix.hh has them by name.
#pragma once

#include "wasi/calls.hh"
#include "wasi/wasix_abi.hh"

namespace interlink::wasi {

/// As path_open, with one flag more: the descriptor is closed in a program that this one starts.
outcome path_open2(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path, guest_size length,
                   std::uint32_t open_flags, std::uint64_t base, std::uint64_t inheriting, std::uint32_t flags,
                   std::uint32_t extended_flags, guest_pointer opened);

/// A second number for the same file, with the same rights, offset and status flags; it is not closed in a program that
/// this one starts.
outcome fd_dup(system& s, call_context& c, guest_fd fd, guest_pointer duplicate);
/// The same with the lowest free number at or above `lowest`. Errors: inval for one that no descriptor can have.
outcome fd_dup2(system& s, call_context& c, guest_fd fd, guest_fd lowest, std::uint32_t closes_on_exec,
                guest_pointer duplicate);
/// Stores the end to read, then the end to write.
outcome fd_pipe(system& s, call_context& c, guest_pointer read_end, guest_pointer write_end);
outcome fd_fdflags_get(system& s, call_context& c, guest_fd fd, guest_pointer flags);
outcome fd_fdflags_set(system& s, call_context& c, guest_fd fd, std::uint32_t flags);
/// A counter as eventfd(2) has it. Errors: inval for the largest 64-bit number, which it cannot hold.
outcome fd_event(system& s, call_context& c, std::uint64_t initial, std::uint32_t flags, guest_pointer made);

// Sockets. What a guest may connect to, send to or listen at is the embedder's to say (wasi/network_policy.hh); what is
// not allowed is notcapable. Local sockets lie in the guest's directories, and their paths are the guest's.
outcome sock_open(system& s, call_context& c, std::uint32_t family, std::uint32_t type, std::uint32_t protocol,
                  guest_pointer made);
/// Needs no permission: it leads nowhere else.
outcome sock_pair(system& s, call_context& c, std::uint32_t family, std::uint32_t type, std::uint32_t protocol,
                  guest_pointer first, guest_pointer second);
outcome sock_bind(system& s, call_context& c, guest_fd fd, guest_pointer address);
outcome sock_listen(system& s, call_context& c, guest_fd fd, guest_size backlog);
outcome sock_accept_v2(system& s, call_context& c, guest_fd fd, std::uint32_t flags, guest_pointer accepted,
                       guest_pointer peer);
/// Timedout when the socket's limit for that is over. After errno intr the connection goes on being made.
outcome sock_connect(system& s, call_context& c, guest_fd fd, guest_pointer address);
outcome sock_send_to(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count,
                     std::uint32_t flags, guest_pointer address, guest_pointer size);
outcome sock_recv_from(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count,
                       std::uint32_t flags, guest_pointer size, guest_pointer result_flags, guest_pointer peer);
/// Of a regular file, whose own offset stays.
outcome sock_send_file(system& s, call_context& c, guest_fd out, guest_fd in, std::uint64_t offset, std::uint64_t count,
                       guest_pointer size);
outcome sock_addr_local(system& s, call_context& c, guest_fd fd, guest_pointer address);
outcome sock_addr_peer(system& s, call_context& c, guest_fd fd, guest_pointer address);
outcome sock_status(system& s, call_context& c, guest_fd fd, guest_pointer status);

// An option of another kind is inval; one that the host's kind of socket has not, its errno.
outcome sock_get_opt_flag(system& s, call_context& c, guest_fd fd, std::uint32_t option, guest_pointer value);
outcome sock_set_opt_flag(system& s, call_context& c, guest_fd fd, std::uint32_t option, std::uint32_t value);
outcome sock_get_opt_size(system& s, call_context& c, guest_fd fd, std::uint32_t option, guest_pointer value);
outcome sock_set_opt_size(system& s, call_context& c, guest_fd fd, std::uint32_t option, std::uint64_t value);
outcome sock_get_opt_time(system& s, call_context& c, guest_fd fd, std::uint32_t option, guest_pointer value);
outcome sock_set_opt_time(system& s, call_context& c, guest_fd fd, std::uint32_t option, guest_pointer value);
outcome sock_join_multicast_v4(system& s, call_context& c, guest_fd fd, guest_pointer group, guest_pointer interface);
outcome sock_leave_multicast_v4(system& s, call_context& c, guest_fd fd, guest_pointer group, guest_pointer interface);
outcome sock_join_multicast_v6(system& s, call_context& c, guest_fd fd, guest_pointer group, std::uint32_t interface);
outcome sock_leave_multicast_v6(system& s, call_context& c, guest_fd fd, guest_pointer group, std::uint32_t interface);

/// The addresses of a name, by the host's resolver, which a thread of its own asks. Noent when there are none.
outcome resolve(system& s, call_context& c, guest_pointer host, guest_size length, std::uint32_t port,
                guest_pointer addresses, guest_size count, guest_pointer stored);

// Epoll, as Linux has it: a descriptor is watched until the last number of its file is closed.
outcome epoll_create(system& s, call_context& c, guest_pointer made);
outcome epoll_ctl(system& s, call_context& c, guest_fd epoll, std::uint32_t operation, guest_fd fd,
                  guest_pointer event);
/// The largest timeout is none.
outcome epoll_wait(system& s, call_context& c, guest_fd epoll, guest_pointer events, guest_size count,
                   std::uint64_t timeout, guest_pointer stored);

/// The first standard stream that is a terminal; without one the sizes are 0.
outcome tty_get(system& s, call_context& c, guest_pointer state);
/// Echo, lines and line feeds; the sizes are the terminal's. It has its mode back when the embedder's process ends.
/// Errors: notty.
outcome tty_set(system& s, call_context& c, guest_pointer state);

/// The host's clocks are not the guest's to set: perm.
outcome clock_time_set(system& s, call_context& c, std::uint32_t id, std::uint64_t time);

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/socket_support.hh"
#include "wasi/stream.hh"

#include <sys/socket.h>

namespace interlink::wasi {

outcome sock_accept(system& s, call_context& c, guest_fd fd, std::uint32_t flags, guest_pointer accepted)
{
  auto socket = find_socket(s, fd, rights::sock_accept);
  if (!socket) {
    return socket.error();
  }
  if ((flags & ~std::uint32_t{fd_flag::nonblock}) != 0) {
    return errno_code::inval;
  }
  if (!c.memory.contains(accepted, 4)) {
    return errno_code::fault;
  }
  auto made = accept_connection(**socket, c.cancel);
  if (!made) {
    return made.error();
  }
  auto file = own_file(std::move(*made), static_cast<std::uint16_t>(flags));
  if (!file) {
    return file.error();
  }
  return add_descriptor(s, c, std::move(*file), accepted);
}

outcome sock_recv(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, std::uint32_t flags,
                  guest_pointer size, guest_pointer result_flags)
{
  auto socket = find_socket(s, fd, rights::fd_read);
  if (!socket) {
    return socket.error();
  }
  constexpr auto both = receive_flag::peek | receive_flag::wait_all;
  if ((flags & ~both) != 0) {
    return errno_code::inval;
  }
  if (flags == both) {
    return errno_code::notsup;
  }
  if (!c.memory.contains(size, 4) || !c.memory.contains(result_flags, 2)) {
    return errno_code::fault;
  }
  auto buffers = load_iovecs(c.memory, iovecs, count);
  if (!buffers) {
    return buffers.error();
  }
  auto got = receive_message(**socket, *buffers, flags, c.cancel);
  if (!got) {
    return got.error();
  }
  (void)c.memory.store(result_flags, got->flags);
  return c.memory.store(size, static_cast<std::uint32_t>(got->bytes));
}

outcome sock_send(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, std::uint32_t flags,
                  guest_pointer size)
{
  auto socket = find_socket(s, fd, rights::fd_write);
  if (!socket) {
    return socket.error();
  }
  if (flags != 0) {
    return errno_code::inval;
  }
  if (!c.memory.contains(size, 4)) {
    return errno_code::fault;
  }
  auto buffers = load_iovecs(c.memory, iovecs, count);
  if (!buffers) {
    return buffers.error();
  }
  auto sent = write_stream(**socket, *buffers, c.cancel);
  return sent ? c.memory.store(size, static_cast<std::uint32_t>(*sent)) : sent.error();
}

outcome sock_shutdown(system& s, call_context&, guest_fd fd, std::uint32_t how)
{
  auto socket = find_socket(s, fd, rights::sock_shutdown);
  if (!socket) {
    return socket.error();
  }
  constexpr auto both = shutdown_flag::reading | shutdown_flag::writing;
  if (how == 0 || (how & ~both) != 0) {
    return errno_code::inval;
  }
  int host_how = how == both ? SHUT_RDWR : how == shutdown_flag::reading ? SHUT_RD : SHUT_WR;
  return from_host_call(::shutdown((*socket)->fd.value(), host_how));
}

} // namespace interlink::wasi

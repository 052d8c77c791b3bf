// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/socket_support.hh"

#include "wasi/stream.hh"

#include <cerrno>
#include <chrono>
#include <poll.h>
#include <sys/socket.h>

namespace interlink::wasi {

namespace {

// Between two tries when another thread of this process is accepting: the listener is ready then, so waiting for it
// would be a busy loop.
constexpr auto turn_retry = std::chrono::milliseconds(1);

bool is_listening(const open_file& file)
{
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(file.fd.value(), SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

// Accepts a connection that is there already, or fails: EAGAIN when none is, EBUSY when another thread has the turn.
// The listening socket is the embedder's and may be a blocking one, and no flag makes one accept non-blocking; so the
// acceptors of this process take turns, and each polls first. Only an acceptor in another process could still make it
// wait.
unique_fd try_accept(open_file& listener)
{
  if (listener.read_turn.test_and_set(std::memory_order_acquire)) {
    errno = is_nonblocking(listener) ? EAGAIN : EBUSY;
    return {};
  }
  pollfd one{listener.fd.value(), POLLIN, 0};
  int ready = ::poll(&one, 1, 0);
  int made = ready > 0 ? ::accept4(listener.fd.value(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;
  int failure = ready == 0 ? EAGAIN : errno;
  listener.read_turn.clear(std::memory_order_release);
  errno = failure;
  return unique_fd(made);
}

} // namespace

expected<open_file_ptr> find_socket(system& s, guest_fd fd, std::uint64_t needed)
{
  auto found = s.descriptors().find(fd);
  if (!found) {
    return std::unexpected(found.error());
  }
  auto file = (*found)->file;
  if (file->method.load(std::memory_order_relaxed) != wait_method::socket) {
    return refuse(errno_code::notsock);
  }
  if (((*found)->base_rights & needed) != needed) {
    return refuse(errno_code::notcapable);
  }
  return file;
}

bool is_nonblocking(const open_file& file)
{
  return (file.flags.load(std::memory_order_relaxed) & fd_flag::nonblock) != 0;
}

outcome after_failure(const open_file& file, short events, canceller& cancel, const time_limit& limit)
{
  if (errno == EINTR) {
    return errno_code::success;
  }
  if (errno != EAGAIN && errno != EWOULDBLOCK) {
    return from_host_errno(errno);
  }
  return is_nonblocking(file) ? outcome(errno_code::again)
                              : wait_for_events(file.fd.value(), events, cancel, limit.load(std::memory_order_relaxed));
}

expected<unique_fd> accept_connection(open_file& listener, canceller& cancel)
{
  // Polling a socket that does not listen would wait for data and not for a connection.
  if (!is_listening(listener)) {
    return refuse(errno_code::inval);
  }
  while (!cancel.is_cancelled()) {
    auto made = try_accept(listener);
    if (made.is_open()) {
      return made;
    }
    auto again = errno == EBUSY ? cancel.sleep_for(turn_retry)
                                : after_failure(listener, POLLIN, cancel, listener.socket->accept_limit);
    if (!again.is_success()) {
      return refuse(again);
    }
  }
  return refuse(outcome::cancelled());
}

outcome add_descriptor(system& s, call_context& c, open_file_ptr file, guest_pointer made)
{
  if (!c.memory.contains(made, 4)) {
    return errno_code::fault;
  }
  const auto possible = file->possible_rights;
  const auto number = s.descriptors().insert(descriptor{std::move(file), possible, possible, std::nullopt});
  return number ? c.memory.store(made, *number) : number.error();
}

expected<received_message> receive_message(const open_file& file, std::span<iovec> buffers, std::uint32_t flags,
                                           canceller& cancel, void* name, unsigned* name_length)
{
  received_message all;
  bool waits_for_all = (flags & receive_flag::wait_all) != 0 && file.type == file_type::socket_stream;
  int host_flags = MSG_DONTWAIT | ((flags & receive_flag::peek) != 0 ? MSG_PEEK : 0);
  auto left = buffers;
  while (!cancel.is_cancelled()) {
    msghdr message{};
    message.msg_iov = left.data();
    message.msg_iovlen = left.size();
    message.msg_name = name;
    message.msg_namelen = name_length == nullptr ? 0 : *name_length;
    auto got = ::recvmsg(file.fd.value(), &message, host_flags);
    if (got < 0) {
      if (auto again = after_failure(file, POLLIN, cancel, file.socket->receive_limit); !again.is_success()) {
        // What has been taken from the socket must reach the guest, unless its end is near anyway.
        return all.bytes != 0 && again.kind == outcome_kind::returned ? expected<received_message>(all) : refuse(again);
      }
      continue;
    }
    if (name_length != nullptr) {
      *name_length = message.msg_namelen;
    }
    all.bytes += static_cast<std::size_t>(got);
    all.flags = (message.msg_flags & MSG_TRUNC) != 0 ? receive_flag::data_truncated : std::uint16_t{0};
    left = drop_front(left, static_cast<std::size_t>(got));
    if (!waits_for_all || got == 0 || total_bytes(left) == 0) {
      return all;
    }
  }
  return refuse(outcome::cancelled());
}

} // namespace interlink::wasi

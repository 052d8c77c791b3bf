// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/socket_address.hh"
#include "wasi/socket_support.hh"
#include "wasi/stream.hh"
#include "wasi/wasix_calls.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <utility>

namespace interlink::wasi {

namespace {

// A local connect to a full queue has no wait in the kernel that could be cancelled: it is tried again, at first after
// 1 ms, in the end every 20 ms.
constexpr auto local_retry_first = std::chrono::milliseconds(1);
constexpr auto local_retry_last = std::chrono::milliseconds(20);

expected<int> host_type(std::uint32_t type)
{
  switch (static_cast<socket_type>(type)) {
  case socket_type::stream:
    return SOCK_STREAM;
  case socket_type::datagram:
    return SOCK_DGRAM;
  case socket_type::raw:
    return SOCK_RAW;
  case socket_type::sequenced:
    return SOCK_SEQPACKET;
  case socket_type::unused:
    break;
  }
  return refuse(errno_code::inval);
}

expected<socket_address> load_address(const guest_memory& memory, guest_pointer at)
{
  auto text = memory.load_string(at, abi_size::address_with_port);
  if (!text) {
    return std::unexpected(text.error());
  }
  return read_address(std::as_bytes(std::span<const char, abi_size::address_with_port>(text->data(), text->size())));
}

/// Errors: notcapable.
outcome check_use(system& s, network_use use, const socket_address& address)
{
  // What Linux connects to is this machine.
  const bool leads_home = use == network_use::connect && is_any(address);
  const network_request request{use, address_text(address), address.port, is_loopback(address) || leads_home};
  return s.allows_network(request) ? errno_code::success : errno_code::notcapable;
}

/// A local socket's place in the host's file system, by a name that is no longer than the kernel's limit: descriptors
/// stand for the directories.
struct local_place {
  unique_fd opened;
  open_file_ptr directory;
  host_address address;
  std::string guest_path;
};

expected<host_address> local_address(const std::string& host_path)
{
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (host_path.size() >= sizeof un.sun_path) {
    return refuse(errno_code::nametoolong);
  }
  std::memcpy(un.sun_path, host_path.data(), host_path.size());
  host_address host;
  std::memcpy(&host.storage, &un, sizeof un);
  host.length = sizeof un;
  return host;
}

/// Errors: those of a path; notcapable when the network is off; rofs.
expected<local_place> find_local(system& s, const std::string& path, network_use use)
{
  auto where = s.resolve_guest_path(path);
  if (!where) {
    return std::unexpected(where.error());
  }
  if (!s.allows_network({use, where->normal, 0, true})) {
    return refuse(errno_code::notcapable);
  }
  if (where->directory->mounts) {
    return refuse(use == network_use::listen ? errno_code::rofs : errno_code::notsock);
  }
  local_place place;
  place.directory = std::move(where->directory);
  place.guest_path = std::move(where->normal);
  std::string host_path = "/proc/self/fd/";
  if (use == network_use::connect) {
    auto file = open_beneath(place.directory->base(), where->relative, O_PATH);
    if (!file) {
      return std::unexpected(file.error());
    }
    place.opened = std::move(*file);
    host_path += std::to_string(place.opened.value());
  } else {
    if (place.directory->is_read_only) {
      return refuse(errno_code::rofs);
    }
    auto parent = open_parent_beneath(place.directory->base(), where->relative);
    if (!parent) {
      return std::unexpected(parent.error());
    }
    host_path += std::to_string(parent->directory) + "/" + parent->name;
    place.opened = std::move(parent->opened);
  }
  auto address = local_address(host_path);
  if (!address) {
    return std::unexpected(address.error());
  }
  place.address = *address;
  return place;
}

/// Where a message or a connection goes. `place` keeps a local one's descriptors open.
struct destination {
  local_place place;
  host_address address;
};

expected<destination> find_destination(system& s, const socket_address& address)
{
  destination to;
  if (address.family == address_family::local) {
    auto place = find_local(s, address.path, network_use::connect);
    if (!place) {
      return std::unexpected(place.error());
    }
    to.address = place->address;
    to.place = std::move(*place);
    return to;
  }
  auto host = to_host(address);
  if (!host) {
    return std::unexpected(host.error());
  }
  if (auto allowed = check_use(s, network_use::connect, address); !allowed.is_success()) {
    return refuse(allowed);
  }
  to.address = *host;
  return to;
}

socket_address name_of(const open_file& file, bool is_peer)
{
  host_address host;
  host.length = sizeof host.storage;
  const int failed = is_peer ? ::getpeername(file.fd.value(), host.get(), &host.length)
                             : ::getsockname(file.fd.value(), host.get(), &host.length);
  if (failed != 0) {
    return {};
  }
  auto address = from_host(host);
  address.path = is_peer ? file.socket->peer_path() : file.socket->local_path();
  return address;
}

outcome store_address(call_context& c, guest_pointer at, const socket_address& address)
{
  const auto bytes = write_address(address);
  return c.memory.store_bytes(at, bytes);
}

/// Waits for a connect under way, and says what became of it.
outcome await_connection(open_file& file, canceller& cancel)
{
  auto& state = *file.socket;
  const auto limit = state.connect_limit.load(std::memory_order_relaxed);
  if (auto waited = wait_for_events(file.fd.value(), POLLOUT, cancel, limit); !waited.is_success()) {
    return waited == outcome(errno_code::again) ? outcome(errno_code::timedout) : waited;
  }
  int failure = 0;
  socklen_t size = sizeof failure;
  if (::getsockopt(file.fd.value(), SOL_SOCKET, SO_ERROR, &failure, &size) != 0) {
    return from_host_errno(errno);
  }
  state.is_connecting = false;
  return failure == 0 ? outcome(errno_code::success) : from_host_errno(failure);
}

outcome connect_to(open_file& file, const host_address& address, canceller& cancel)
{
  std::chrono::milliseconds pause = local_retry_first;
  while (true) {
    if (::connect(file.fd.value(), address.get(), address.length) == 0) {
      file.socket->is_connecting = false;
      return errno_code::success;
    }
    if (errno == EINPROGRESS) {
      file.socket->is_connecting = true;
      return is_nonblocking(file) ? outcome(errno_code::inprogress) : await_connection(file, cancel);
    }
    const bool queue_is_full = errno == EAGAIN && address.storage.ss_family == AF_UNIX && !is_nonblocking(file);
    if (!queue_is_full && errno != EINTR) {
      return from_host_errno(errno);
    }
    if (auto slept = cancel.sleep_for(pause); !slept.is_success()) {
      return slept;
    }
    pause = std::min(pause * 2, std::chrono::milliseconds(local_retry_last));
  }
}

outcome add_socket(system& s, call_context& c, int host_fd, guest_pointer made)
{
  auto file = own_file(unique_fd(host_fd), 0);
  return file ? add_descriptor(s, c, std::move(*file), made) : file.error();
}

int host_receive_flags(std::uint32_t flags)
{
  return (flags & message_flag::no_wait) != 0 ? MSG_DONTWAIT : 0;
}

} // namespace

outcome sock_open(system& s, call_context& c, std::uint32_t family, std::uint32_t type, std::uint32_t protocol,
                  guest_pointer made)
{
  const auto kind = host_type(type);
  if (!kind) {
    return kind.error();
  }
  if (!c.memory.contains(made, 4)) {
    return errno_code::fault;
  }
  int host_family = AF_UNIX;
  int host_protocol = 0; // of a local socket the C library names one all the same
  if (family == static_cast<std::uint32_t>(address_family::inet4) ||
      family == static_cast<std::uint32_t>(address_family::inet6)) {
    host_family = family == static_cast<std::uint32_t>(address_family::inet4) ? AF_INET : AF_INET6;
    host_protocol = static_cast<int>(std::min(protocol, std::uint32_t{255}));
  } else if (family != static_cast<std::uint32_t>(address_family::local)) {
    return errno_code::afnosupport;
  }
  // Nothing of what it sends or receives could be judged.
  if (*kind == SOCK_RAW && !s.allows_network({network_use::connect, "*", 0, false})) {
    return errno_code::notcapable;
  }
  const int host_fd = ::socket(host_family, *kind | SOCK_CLOEXEC | SOCK_NONBLOCK, host_protocol);
  return host_fd < 0 ? from_host_errno(errno) : add_socket(s, c, host_fd, made);
}

outcome sock_pair(system& s, call_context& c, std::uint32_t family, std::uint32_t type, std::uint32_t,
                  guest_pointer first, guest_pointer second)
{
  const auto kind = host_type(type);
  if (!kind || *kind == SOCK_RAW) {
    return errno_code::inval;
  }
  if (family > static_cast<std::uint32_t>(address_family::local)) {
    return errno_code::afnosupport;
  }
  if (!c.memory.contains(first, 4) || !c.memory.contains(second, 4)) {
    return errno_code::fault;
  }
  // Whatever the family: the two know each other alone, so nobody sees the difference.
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, *kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return from_host_errno(errno);
  }
  auto one = own_file(unique_fd(ends[0]), 0);
  auto other = own_file(unique_fd(ends[1]), 0);
  if (!one || !other) {
    return one ? other.error() : one.error();
  }
  const auto numbers = s.descriptors().insert_pair({std::move(*one), rights::socket, rights::socket, std::nullopt},
                                                   {std::move(*other), rights::socket, rights::socket, std::nullopt});
  if (!numbers) {
    return numbers.error();
  }
  (void)c.memory.store(first, numbers->first);
  return c.memory.store(second, numbers->second);
}

outcome sock_bind(system& s, call_context& c, guest_fd fd, guest_pointer address)
{
  const auto socket = find_socket(s, fd, 0);
  if (!socket) {
    return socket.error();
  }
  const auto wanted = load_address(c.memory, address);
  if (!wanted) {
    return wanted.error();
  }
  auto& file = **socket;
  if (wanted->family == address_family::local) {
    const auto place = find_local(s, wanted->path, network_use::listen);
    if (!place) {
      return place.error();
    }
    const auto bound = from_host_call(::bind(file.fd.value(), place->address.get(), place->address.length));
    if (bound.is_success()) {
      file.socket->set_local_path(wanted->path);
    }
    return bound;
  }
  const auto host = to_host(*wanted);
  if (!host) {
    return host.error();
  }
  if (auto allowed = check_use(s, network_use::listen, *wanted); !allowed.is_success()) {
    return allowed;
  }
  return from_host_call(::bind(file.fd.value(), host->get(), host->length));
}

outcome sock_listen(system& s, call_context&, guest_fd fd, guest_size backlog)
{
  const auto socket = find_socket(s, fd, rights::sock_accept);
  if (!socket) {
    return socket.error();
  }
  // One that is not bound yet is bound to every address of the machine.
  const auto local = name_of(**socket, false);
  if (local.family != address_family::local && local.port == 0) {
    if (auto allowed = check_use(s, network_use::listen, local); !allowed.is_success()) {
      return allowed;
    }
  }
  return from_host_call(::listen((*socket)->fd.value(), static_cast<int>(std::min(backlog, guest_size{SOMAXCONN}))));
}

outcome sock_accept_v2(system& s, call_context& c, guest_fd fd, std::uint32_t flags, guest_pointer accepted,
                       guest_pointer peer)
{
  const auto socket = find_socket(s, fd, rights::sock_accept);
  if (!socket) {
    return socket.error();
  }
  if ((flags & ~std::uint32_t{fd_flag::nonblock}) != 0) {
    return errno_code::inval;
  }
  if (!c.memory.contains(accepted, 4) || !c.memory.contains(peer, abi_size::address_with_port)) {
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
  (*file)->socket->set_local_path((*socket)->socket->local_path());
  const auto address = name_of(**file, true);
  if (auto added = add_descriptor(s, c, std::move(*file), accepted); !added.is_success()) {
    return added;
  }
  return store_address(c, peer, address);
}

outcome sock_connect(system& s, call_context& c, guest_fd fd, guest_pointer address)
{
  const auto socket = find_socket(s, fd, 0);
  if (!socket) {
    return socket.error();
  }
  const auto wanted = load_address(c.memory, address);
  if (!wanted) {
    return wanted.error();
  }
  auto& file = **socket;
  if (wanted->family == address_family::unspecified) {
    host_address none;
    none.storage.ss_family = AF_UNSPEC;
    none.length = sizeof(sockaddr);
    return from_host_call(::connect(file.fd.value(), none.get(), none.length));
  }
  const auto to = find_destination(s, *wanted);
  if (!to) {
    return to.error();
  }
  const auto connected = connect_to(file, to->address, c.cancel);
  if (wanted->family == address_family::local && connected.is_success()) {
    file.socket->set_peer_path(wanted->path);
  }
  return connected;
}

outcome sock_send_to(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count,
                     std::uint32_t flags, guest_pointer address, guest_pointer size)
{
  const auto socket = find_socket(s, fd, rights::fd_write);
  if (!socket) {
    return socket.error();
  }
  if ((flags & ~message_flag::of_sends) != 0) {
    return errno_code::inval;
  }
  if (!c.memory.contains(size, 4)) {
    return errno_code::fault;
  }
  auto buffers = load_iovecs(c.memory, iovecs, count);
  if (!buffers) {
    return buffers.error();
  }
  const auto wanted = load_address(c.memory, address);
  if (!wanted) {
    return wanted.error();
  }
  const auto& file = **socket;
  destination to;
  if (wanted->family != address_family::unspecified) {
    auto found = find_destination(s, *wanted);
    if (!found) {
      return found.error();
    }
    to = std::move(*found);
  }
  msghdr message{};
  message.msg_iov = buffers->data();
  message.msg_iovlen = buffers->size();
  message.msg_name = to.address.length == 0 ? nullptr : to.address.get();
  message.msg_namelen = to.address.length;
  while (!c.cancel.is_cancelled()) {
    const auto sent = ::sendmsg(file.fd.value(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      return c.memory.store(size, static_cast<std::uint32_t>(sent));
    }
    if ((flags & message_flag::no_wait) != 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return errno_code::again;
    }
    if (auto again = after_failure(file, POLLOUT, c.cancel, file.socket->send_limit); !again.is_success()) {
      return again;
    }
  }
  return outcome::cancelled();
}

outcome sock_recv_from(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count,
                       std::uint32_t flags, guest_pointer size, guest_pointer result_flags, guest_pointer peer)
{
  const auto socket = find_socket(s, fd, rights::fd_read);
  if (!socket) {
    return socket.error();
  }
  if ((flags & ~message_flag::of_receives) != 0) {
    return errno_code::inval;
  }
  if ((flags & (receive_flag::peek | receive_flag::wait_all)) == (receive_flag::peek | receive_flag::wait_all)) {
    return errno_code::notsup;
  }
  if (!c.memory.contains(size, 4) || !c.memory.contains(result_flags, 2) ||
      !c.memory.contains(peer, abi_size::address_with_port)) {
    return errno_code::fault;
  }
  auto buffers = load_iovecs(c.memory, iovecs, count);
  if (!buffers) {
    return buffers.error();
  }
  const auto& file = **socket;
  if (host_receive_flags(flags) != 0) {
    pollfd one{file.fd.value(), POLLIN, 0};
    if (::poll(&one, 1, 0) == 0) {
      return errno_code::again;
    }
  }
  host_address from;
  from.length = sizeof from.storage;
  const auto got = receive_message(file, *buffers, flags, c.cancel, from.get(), &from.length);
  if (!got) {
    return got.error();
  }
  auto address = from.length == 0 ? name_of(file, true) : from_host(from);
  if (address.family == address_family::local) {
    address.path = file.socket->peer_path();
  }
  (void)store_address(c, peer, address);
  (void)c.memory.store(result_flags, got->flags);
  return c.memory.store(size, static_cast<std::uint32_t>(got->bytes));
}

outcome sock_send_file(system& s, call_context& c, guest_fd out, guest_fd in, std::uint64_t offset, std::uint64_t count,
                       guest_pointer size)
{
  const auto socket = find_socket(s, out, rights::fd_write);
  if (!socket) {
    return socket.error();
  }
  const auto source = s.descriptors().find(in, rights::fd_read);
  if (!source) {
    return source.error();
  }
  if (!c.memory.contains(size, 8)) {
    return errno_code::fault;
  }
  if ((*source)->file->is_stream() || (*source)->file->type != file_type::regular_file || offset > INT64_MAX) {
    return errno_code::inval;
  }
  constexpr std::size_t piece_bytes = std::size_t{64} << 10;
  std::vector<char> piece(std::min<std::uint64_t>(count, piece_bytes));
  std::uint64_t sent = 0;
  outcome failure = errno_code::success;
  while (sent < count && failure.is_success()) {
    const auto wanted = std::min<std::uint64_t>(count - sent, piece.size());
    const auto got = ::pread((*source)->file->fd.value(), piece.data(), wanted, static_cast<off_t>(offset + sent));
    if (got <= 0) {
      failure = got < 0 ? from_host_errno(errno) : errno_code::success;
      break;
    }
    iovec buffer{piece.data(), static_cast<std::size_t>(got)};
    const auto moved = write_stream(**socket, std::span(&buffer, 1), c.cancel);
    if (!moved) {
      failure = moved.error();
      break;
    }
    sent += *moved;
    if (*moved < static_cast<std::size_t>(got)) {
      break;
    }
  }
  if (!failure.is_success() && (sent == 0 || failure.kind != outcome_kind::returned)) {
    return failure;
  }
  return c.memory.store(size, sent);
}

outcome sock_addr_local(system& s, call_context& c, guest_fd fd, guest_pointer address)
{
  const auto socket = find_socket(s, fd, 0);
  return socket ? store_address(c, address, name_of(**socket, false)) : socket.error();
}

outcome sock_addr_peer(system& s, call_context& c, guest_fd fd, guest_pointer address)
{
  const auto socket = find_socket(s, fd, 0);
  if (!socket) {
    return socket.error();
  }
  const auto peer = name_of(**socket, true);
  return peer.family == address_family::unspecified ? outcome(errno_code::notconn) : store_address(c, address, peer);
}

outcome sock_status(system& s, call_context& c, guest_fd fd, guest_pointer status)
{
  const auto socket = find_socket(s, fd, 0);
  if (!socket) {
    return socket.error();
  }
  const auto& file = **socket;
  pollfd one{file.fd.value(), POLLIN | POLLOUT | POLLRDHUP, 0};
  (void)::poll(&one, 1, 0);
  int listens = 0;
  socklen_t size = sizeof listens;
  (void)::getsockopt(file.fd.value(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
  auto state = socket_status::opened;
  if (name_of(file, true).family != address_family::unspecified) {
    state = (one.revents & (POLLHUP | POLLRDHUP)) != 0 ? socket_status::closed : socket_status::opened;
  } else if (file.socket->is_connecting.load(std::memory_order_relaxed)) {
    state = (one.revents & (POLLERR | POLLHUP)) != 0 ? socket_status::failed : socket_status::opening;
  } else if (file.type == file_type::socket_stream && listens == 0) {
    state = socket_status::opening;
  }
  return c.memory.store(status, static_cast<std::uint8_t>(state));
}

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/socket_address.hh"
#include "wasi/socket_support.hh"
#include "wasi/wasix_calls.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>

namespace interlink::wasi {

namespace {

constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;

/// Where the kernel has an option.
struct host_option {
  int level;
  int name;
};

std::optional<host_option> flag_option(socket_option option)
{
  switch (option) {
  case socket_option::reuse_port:
    return host_option{SOL_SOCKET, SO_REUSEPORT};
  case socket_option::reuse_address:
    return host_option{SOL_SOCKET, SO_REUSEADDR};
  case socket_option::no_delay:
    return host_option{IPPROTO_TCP, TCP_NODELAY};
  case socket_option::dont_route:
    return host_option{SOL_SOCKET, SO_DONTROUTE};
  case socket_option::only_ip6:
    return host_option{IPPROTO_IPV6, IPV6_V6ONLY};
  case socket_option::broadcast:
    return host_option{SOL_SOCKET, SO_BROADCAST};
  case socket_option::multicast_loop_ip4:
    return host_option{IPPROTO_IP, IP_MULTICAST_LOOP};
  case socket_option::multicast_loop_ip6:
    return host_option{IPPROTO_IPV6, IPV6_MULTICAST_LOOP};
  case socket_option::listening:
    return host_option{SOL_SOCKET, SO_ACCEPTCONN};
  case socket_option::keep_alive:
    return host_option{SOL_SOCKET, SO_KEEPALIVE};
  case socket_option::out_of_band_inline:
    return host_option{SOL_SOCKET, SO_OOBINLINE};
  default:
    return std::nullopt;
  }
}

bool is_ip6(const open_file& file)
{
  int family = 0;
  socklen_t size = sizeof family;
  return ::getsockopt(file.fd.value(), SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_INET6;
}

std::optional<host_option> size_option(const open_file& file, socket_option option)
{
  switch (option) {
  case socket_option::receive_buffer_size:
    return host_option{SOL_SOCKET, SO_RCVBUF};
  case socket_option::send_buffer_size:
    return host_option{SOL_SOCKET, SO_SNDBUF};
  case socket_option::receive_low_mark:
    return host_option{SOL_SOCKET, SO_RCVLOWAT};
  case socket_option::send_low_mark:
    return host_option{SOL_SOCKET, SO_SNDLOWAT};
  case socket_option::time_to_live:
    return is_ip6(file) ? host_option{IPPROTO_IPV6, IPV6_UNICAST_HOPS} : host_option{IPPROTO_IP, IP_TTL};
  case socket_option::multicast_time_to_live_ip4:
    return host_option{IPPROTO_IP, IP_MULTICAST_TTL};
  case socket_option::last_error:
    return host_option{SOL_SOCKET, SO_ERROR};
  case socket_option::type:
    return host_option{SOL_SOCKET, SO_TYPE};
  case socket_option::protocol:
    return host_option{SOL_SOCKET, SO_PROTOCOL};
  default:
    return std::nullopt;
  }
}

time_limit* limit_option(socket_state& state, socket_option option)
{
  switch (option) {
  case socket_option::receive_timeout:
    return &state.receive_limit;
  case socket_option::send_timeout:
    return &state.send_limit;
  case socket_option::connect_timeout:
    return &state.connect_limit;
  case socket_option::accept_timeout:
    return &state.accept_limit;
  default:
    return nullptr;
  }
}

expected<int> get_option(const open_file& file, host_option option)
{
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(file.fd.value(), option.level, option.name, &value, &size) != 0) {
    return refuse(from_host_errno(errno));
  }
  return value;
}

outcome set_option(const open_file& file, host_option option, int value)
{
  return from_host_call(::setsockopt(file.fd.value(), option.level, option.name, &value, sizeof value));
}

/// The guest's number for a value of the kernel's.
std::uint64_t to_guest(socket_option option, int value)
{
  if (option == socket_option::last_error) {
    return value == 0 ? 0 : static_cast<std::uint64_t>(from_host_errno(value));
  }
  if (option == socket_option::type) {
    const auto type = value == SOCK_STREAM  ? socket_type::stream
                      : value == SOCK_DGRAM ? socket_type::datagram
                      : value == SOCK_RAW   ? socket_type::raw
                                            : socket_type::sequenced;
    return static_cast<std::uint64_t>(type);
  }
  return static_cast<std::uint64_t>(std::max(value, 0));
}

/// A socket and which of its options.
struct chosen_option {
  open_file_ptr file;
  socket_option option;
};

expected<chosen_option> find_option(system& s, guest_fd fd, std::uint32_t option)
{
  auto socket = find_socket(s, fd, 0);
  if (!socket) {
    return std::unexpected(socket.error());
  }
  if (option > static_cast<std::uint32_t>(socket_option::protocol)) {
    return refuse(errno_code::inval);
  }
  // No name of a device's mode belongs to a guest.
  if (option == static_cast<std::uint32_t>(socket_option::promiscuous)) {
    return refuse(errno_code::notsup);
  }
  return chosen_option{std::move(*socket), static_cast<socket_option>(option)};
}

/// Option<timestamp>: tag 0, nanoseconds 8.
outcome store_time(call_context& c, guest_pointer at, std::int64_t nanoseconds)
{
  std::array<std::byte, 16> bytes{};
  put(bytes, 0, static_cast<std::uint8_t>(nanoseconds >= 0 ? 1 : 0));
  put(bytes, 8, static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0)));
  return c.memory.store_bytes(at, bytes);
}

/// Negative for none.
expected<std::int64_t> load_time(const guest_memory& memory, guest_pointer at)
{
  auto text = memory.load_string(at, 16);
  if (!text) {
    return std::unexpected(text.error());
  }
  const auto bytes = std::as_bytes(std::span(*text));
  const auto nanoseconds = take<std::uint64_t>(bytes, 8);
  constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max() / 2;
  return take<std::uint8_t>(bytes, 0) == 0 || nanoseconds > longest ? -1 : static_cast<std::int64_t>(nanoseconds);
}

/// Whatever a group sends is the network's.
outcome check_group(system& s, int family, const void* bytes)
{
  socket_address group;
  group.family = family == AF_INET ? address_family::inet4 : address_family::inet6;
  std::memcpy(group.bytes.data(), bytes, family == AF_INET ? 4 : 16);
  return s.allows_network({network_use::listen, address_text(group), 0, false}) ? errno_code::success
                                                                                : errno_code::notcapable;
}

outcome change_group4(system& s, call_context& c, guest_fd fd, guest_pointer group, guest_pointer interface, int name)
{
  const auto socket = find_socket(s, fd, 0);
  if (!socket) {
    return socket.error();
  }
  const auto address = c.memory.load_string(group, 4);
  const auto at = c.memory.load_string(interface, 4);
  if (!address || !at) {
    return errno_code::fault;
  }
  if (auto allowed = check_group(s, AF_INET, address->data()); !allowed.is_success()) {
    return allowed;
  }
  ip_mreq request{};
  std::memcpy(&request.imr_multiaddr, address->data(), 4);
  std::memcpy(&request.imr_interface, at->data(), 4);
  return from_host_call(::setsockopt((*socket)->fd.value(), IPPROTO_IP, name, &request, sizeof request));
}

outcome change_group6(system& s, call_context& c, guest_fd fd, guest_pointer group, std::uint32_t interface, int name)
{
  const auto socket = find_socket(s, fd, 0);
  if (!socket) {
    return socket.error();
  }
  const auto address = c.memory.load_string(group, 16);
  if (!address) {
    return errno_code::fault;
  }
  if (auto allowed = check_group(s, AF_INET6, address->data()); !allowed.is_success()) {
    return allowed;
  }
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, address->data(), 16);
  request.ipv6mr_interface = interface;
  return from_host_call(::setsockopt((*socket)->fd.value(), IPPROTO_IPV6, name, &request, sizeof request));
}

} // namespace

outcome sock_get_opt_flag(system& s, call_context& c, guest_fd fd, std::uint32_t option, guest_pointer value)
{
  const auto chosen = find_option(s, fd, option);
  if (!chosen) {
    return chosen.error();
  }
  const auto host = flag_option(chosen->option);
  if (!host) {
    return errno_code::inval;
  }
  const auto found = get_option(*chosen->file, *host);
  return found ? c.memory.store(value, static_cast<std::uint8_t>(*found != 0 ? 1 : 0)) : found.error();
}

outcome sock_set_opt_flag(system& s, call_context&, guest_fd fd, std::uint32_t option, std::uint32_t value)
{
  const auto chosen = find_option(s, fd, option);
  if (!chosen) {
    return chosen.error();
  }
  const auto host = flag_option(chosen->option);
  if (!host || chosen->option == socket_option::listening) {
    return errno_code::inval;
  }
  return set_option(*chosen->file, *host, value != 0 ? 1 : 0);
}

outcome sock_get_opt_size(system& s, call_context& c, guest_fd fd, std::uint32_t option, guest_pointer value)
{
  const auto chosen = find_option(s, fd, option);
  if (!chosen) {
    return chosen.error();
  }
  const auto host = size_option(*chosen->file, chosen->option);
  if (!host) {
    return errno_code::inval;
  }
  if (!c.memory.contains(value, 8)) {
    return errno_code::fault; // before the error of a socket is taken from it
  }
  const auto found = get_option(*chosen->file, *host);
  return found ? c.memory.store(value, to_guest(chosen->option, *found)) : found.error();
}

outcome sock_set_opt_size(system& s, call_context&, guest_fd fd, std::uint32_t option, std::uint64_t value)
{
  const auto chosen = find_option(s, fd, option);
  if (!chosen) {
    return chosen.error();
  }
  const auto host = size_option(*chosen->file, chosen->option);
  const bool is_readable_only = chosen->option == socket_option::last_error || chosen->option == socket_option::type ||
                                chosen->option == socket_option::protocol;
  if (!host || is_readable_only || value > std::numeric_limits<int>::max()) {
    return errno_code::inval;
  }
  return set_option(*chosen->file, *host, static_cast<int>(value));
}

outcome sock_get_opt_time(system& s, call_context& c, guest_fd fd, std::uint32_t option, guest_pointer value)
{
  const auto chosen = find_option(s, fd, option);
  if (!chosen) {
    return chosen.error();
  }
  if (const time_limit* limit = limit_option(*chosen->file->socket, chosen->option)) {
    return store_time(c, value, limit->load(std::memory_order_relaxed));
  }
  if (chosen->option != socket_option::linger) {
    return errno_code::inval;
  }
  linger found{};
  socklen_t size = sizeof found;
  if (::getsockopt(chosen->file->fd.value(), SOL_SOCKET, SO_LINGER, &found, &size) != 0) {
    return from_host_errno(errno);
  }
  return store_time(c, value,
                    found.l_onoff == 0 ? -1 : found.l_linger * static_cast<std::int64_t>(nanoseconds_per_second));
}

outcome sock_set_opt_time(system& s, call_context& c, guest_fd fd, std::uint32_t option, guest_pointer value)
{
  const auto chosen = find_option(s, fd, option);
  if (!chosen) {
    return chosen.error();
  }
  const auto time = load_time(c.memory, value);
  if (!time) {
    return time.error();
  }
  if (time_limit* limit = limit_option(*chosen->file->socket, chosen->option)) {
    limit->store(*time == 0 ? -1 : *time, std::memory_order_relaxed); // 0 is no limit, as to setsockopt
    return errno_code::success;
  }
  if (chosen->option != socket_option::linger) {
    return errno_code::inval;
  }
  linger wanted{};
  wanted.l_onoff = *time >= 0 ? 1 : 0;
  const std::uint64_t seconds =
      *time > 0 ? (static_cast<std::uint64_t>(*time) + nanoseconds_per_second - 1) / nanoseconds_per_second : 0;
  wanted.l_linger = static_cast<int>(std::min<std::uint64_t>(seconds, std::numeric_limits<int>::max()));
  return from_host_call(::setsockopt(chosen->file->fd.value(), SOL_SOCKET, SO_LINGER, &wanted, sizeof wanted));
}

outcome sock_join_multicast_v4(system& s, call_context& c, guest_fd fd, guest_pointer group, guest_pointer interface)
{
  return change_group4(s, c, fd, group, interface, IP_ADD_MEMBERSHIP);
}

outcome sock_leave_multicast_v4(system& s, call_context& c, guest_fd fd, guest_pointer group, guest_pointer interface)
{
  return change_group4(s, c, fd, group, interface, IP_DROP_MEMBERSHIP);
}

outcome sock_join_multicast_v6(system& s, call_context& c, guest_fd fd, guest_pointer group, std::uint32_t interface)
{
  return change_group6(s, c, fd, group, interface, IPV6_ADD_MEMBERSHIP);
}

outcome sock_leave_multicast_v6(system& s, call_context& c, guest_fd fd, guest_pointer group, std::uint32_t interface)
{
  return change_group6(s, c, fd, group, interface, IPV6_DROP_MEMBERSHIP);
}

} // namespace interlink::wasi

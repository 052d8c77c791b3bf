// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/socket_address.hh"

#include "wasi/guest_memory.hh"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>

namespace interlink::wasi {

namespace {

// Of addr_port: tag 0; port 2; the address 4. Of an IPv6 address: 16 bytes, then flow information and scope, each as
// two numbers of 16 bits, the higher one first. A local path at 2.
constexpr std::size_t tag_at = 0;
constexpr std::size_t port_at = 2;
constexpr std::size_t bytes_at = 4;
constexpr std::size_t flow_at = 20;
constexpr std::size_t scope_at = 24;
constexpr std::size_t path_at = 2;

std::uint32_t take_halves(std::span<const std::byte> from, std::size_t at)
{
  return static_cast<std::uint32_t>(take<std::uint16_t>(from, at)) << 16 | take<std::uint16_t>(from, at + 2);
}

void put_halves(std::span<std::byte> to, std::size_t at, std::uint32_t value)
{
  put(to, at, static_cast<std::uint16_t>(value >> 16));
  put(to, at + 2, static_cast<std::uint16_t>(value));
}

std::size_t byte_count(address_family family)
{
  return family == address_family::inet4 ? 4 : 16;
}

/// The four bytes of an IPv4 address, mapped or not; nothing of another.
std::span<const std::uint8_t> ip4_of(const socket_address& address)
{
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.family == address_family::inet4) {
    return std::span(address.bytes).first(4);
  }
  const bool is_mapped =
      address.family == address_family::inet6 && std::ranges::equal(std::span(address.bytes).first(12), mapped);
  return is_mapped ? std::span(address.bytes).subspan(12) : std::span<const std::uint8_t>{};
}

} // namespace

expected<socket_address> read_address(std::span<const std::byte, abi_size::address_with_port> guest)
{
  socket_address address;
  const auto tag = take<std::uint8_t>(guest, tag_at);
  if (tag > static_cast<std::uint8_t>(address_family::local)) {
    return refuse(errno_code::afnosupport);
  }
  address.family = static_cast<address_family>(tag);
  if (address.family == address_family::local) {
    const auto* text = reinterpret_cast<const char*>(guest.data() + path_at);
    address.path.assign(text, ::strnlen(text, local_path_bytes));
    if (address.path.empty() &&
        std::ranges::any_of(guest.subspan(path_at), [](std::byte b) { return b != std::byte{}; })) {
      return refuse(errno_code::inval);
    }
    return address;
  }
  address.port = take<std::uint16_t>(guest, port_at);
  if (address.family != address_family::unspecified) {
    std::memcpy(address.bytes.data(), guest.data() + bytes_at, byte_count(address.family));
  }
  if (address.family == address_family::inet6) {
    address.flow = take_halves(guest, flow_at);
    address.scope = take_halves(guest, scope_at);
  }
  return address;
}

address_bytes write_address(const socket_address& address)
{
  address_bytes guest{};
  put(guest, tag_at, static_cast<std::uint8_t>(address.family));
  if (address.family == address_family::local) {
    std::memcpy(guest.data() + path_at, address.path.data(), std::min(address.path.size(), local_path_bytes - 1));
    return guest;
  }
  put(guest, port_at, address.port);
  if (address.family != address_family::unspecified) {
    std::memcpy(guest.data() + bytes_at, address.bytes.data(), byte_count(address.family));
  }
  if (address.family == address_family::inet6) {
    put_halves(guest, flow_at, address.flow);
    put_halves(guest, scope_at, address.scope);
  }
  return guest;
}

std::array<std::byte, abi_size::ip_address> write_ip(const socket_address& address)
{
  std::array<std::byte, abi_size::ip_address> guest{};
  put(guest, tag_at, static_cast<std::uint8_t>(address.family));
  std::memcpy(guest.data() + 2, address.bytes.data(), byte_count(address.family));
  return guest;
}

expected<host_address> to_host(const socket_address& address)
{
  host_address host;
  if (address.family == address_family::inet4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, address.bytes.data(), sizeof in.sin_addr);
    std::memcpy(&host.storage, &in, sizeof in);
    host.length = sizeof in;
    return host;
  }
  if (address.family == address_family::inet6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port);
    in.sin6_flowinfo = address.flow;
    in.sin6_scope_id = address.scope;
    std::memcpy(&in.sin6_addr, address.bytes.data(), sizeof in.sin6_addr);
    std::memcpy(&host.storage, &in, sizeof in);
    host.length = sizeof in;
    return host;
  }
  return refuse(errno_code::afnosupport);
}

socket_address from_host(const host_address& host)
{
  socket_address address;
  switch (host.length < sizeof(sa_family_t) ? AF_UNSPEC : host.storage.ss_family) {
  case AF_INET: {
    sockaddr_in in{};
    std::memcpy(&in, &host.storage, sizeof in);
    address.family = address_family::inet4;
    address.port = ntohs(in.sin_port);
    std::memcpy(address.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
    break;
  }
  case AF_INET6: {
    sockaddr_in6 in{};
    std::memcpy(&in, &host.storage, sizeof in);
    address.family = address_family::inet6;
    address.port = ntohs(in.sin6_port);
    address.flow = in.sin6_flowinfo;
    address.scope = in.sin6_scope_id;
    std::memcpy(address.bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
    break;
  }
  case AF_UNIX:
    address.family = address_family::local;
    break;
  default:
    break;
  }
  return address;
}

std::string address_text(const socket_address& address)
{
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (const auto ip4 = ip4_of(address); !ip4.empty()) {
    return ::inet_ntop(AF_INET, ip4.data(), text.data(), text.size());
  }
  return address.family == address_family::inet6 ? ::inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size())
                                                 : address.path;
}

bool is_loopback(const socket_address& address)
{
  if (const auto ip4 = ip4_of(address); !ip4.empty()) {
    return ip4.front() == 127;
  }
  return address.family == address_family::inet6 && address.bytes.back() == 1 &&
         std::ranges::all_of(std::span(address.bytes).first(15), [](auto byte) { return byte == 0; });
}

bool is_any(const socket_address& address)
{
  const auto ip4 = ip4_of(address);
  const auto bytes = ip4.empty() ? std::span<const std::uint8_t>(address.bytes) : ip4;
  return address.family != address_family::local && std::ranges::all_of(bytes, [](auto byte) { return byte == 0; });
}

bool is_many(const socket_address& address)
{
  if (const auto ip4 = ip4_of(address); !ip4.empty()) {
    return (ip4.front() & 0xf0U) == 0xe0U || std::ranges::all_of(ip4, [](auto byte) { return byte == 0xff; });
  }
  return address.family == address_family::inet6 && address.bytes.front() == 0xff;
}

} // namespace interlink::wasi

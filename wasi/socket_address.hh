// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Socket addresses as WASIX guests write them, and the kernel's. Pure functions on values; bytes come from guests.
#pragma once

#include "wasi/outcome.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <sys/socket.h>

namespace interlink::wasi {

/// Source: wasix-libc, wasi/api_wasix.h.
enum class address_family : std::uint8_t { unspecified = 0, inet4 = 1, inet6 = 2, local = 3 };

namespace abi_size {
inline constexpr std::size_t address_with_port = 110; ///< addr_port
inline constexpr std::size_t ip_address = 18;         ///< addr_ip
} // namespace abi_size

/// Longest path in an address of a local socket; a shorter one ends with a zero.
inline constexpr std::size_t local_path_bytes = 108;

/// A guest's address. Context: immutable.
struct socket_address {
  address_family family = address_family::unspecified;
  std::uint16_t port = 0;               ///< host byte order
  std::array<std::uint8_t, 16> bytes{}; ///< network byte order; the first 4 of an IPv4 address
  std::uint32_t flow = 0;               ///< of IPv6
  std::uint32_t scope = 0;              ///< of IPv6: the number of an interface
  std::string path;                     ///< of a local socket: as the guest names it; empty for an unnamed one

  friend bool operator==(const socket_address&, const socket_address&) = default;
};

using address_bytes = std::array<std::byte, abi_size::address_with_port>;

/// Errors: afnosupport for a family that is none; inval for a local path that is not absolute or relative text (it
/// begins with a zero: Linux' abstract names are nobody's files).
expected<socket_address> read_address(std::span<const std::byte, abi_size::address_with_port> guest);

/// A path that is too long is cut.
address_bytes write_address(const socket_address& address);

/// addr_ip: a tag, then the bytes at 2.
std::array<std::byte, abi_size::ip_address> write_ip(const socket_address& address);

/// An address of the kernel's with its length. Local sockets have no path: theirs is the host's.
struct host_address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// Errors: afnosupport for a local or an unspecified address.
expected<host_address> to_host(const socket_address& address);
socket_address from_host(const host_address& address);

/// As text, without the port; an IPv4 address mapped into IPv6 as what it means.
std::string address_text(const socket_address& address);

/// Reached without leaving the machine: 127.0.0.0/8, ::1, and the same mapped.
bool is_loopback(const socket_address& address);

/// 0.0.0.0 or ::, and the former mapped.
bool is_any(const socket_address& address);

/// Sent to many: 224.0.0.0/4, ff00::/8, 255.255.255.255.
bool is_many(const socket_address& address);

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which addresses of the network a guest may use: none, unless the embedder allows them. Pure functions on values.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interlink::wasi {

enum class network_access : std::uint8_t {
  none,
  loopback, ///< 127.0.0.0/8 and ::1, and sockets of the host's own in the guest's directories
  all,
};

enum class network_use : std::uint8_t {
  connect, ///< or send to
  listen,  ///< or receive at: a name that others can send to
  resolve, ///< ask the host's resolver for a name's addresses
};

/// What a guest asks for. Context: immutable.
struct network_request {
  network_use use{};
  std::string host;       ///< an address as text, "::1" without brackets; the name that is to be resolved
  std::uint16_t port = 0; ///< host byte order; 0 is any
  bool is_loopback = false;
};

/// An address that is allowed beside the general access. Context: immutable.
struct network_endpoint {
  std::string host;                  ///< an address, a name, or "*"
  std::optional<std::uint16_t> port; ///< nothing is any
};

/// What an embedder decides. Context: immutable.
struct network_policy {
  network_access access = network_access::none;
  std::vector<network_endpoint> connect; ///< a name stands for the addresses that it was resolved to for the guest
  std::vector<network_endpoint> listen;
  /// Asked instead of all the above where it is set. Called by any guest thread; must not throw.
  std::function<bool(const network_request&)> decides;
};

/// `names` are those that the request's address was resolved from.
bool allows(const network_policy& policy, const network_request& request, const std::vector<std::string>& names = {});

/// One line for whoever runs the program: what was refused and which options allow it.
std::string describe_refusal(const network_request& request);

/// HOST:PORT, `[IPv6]:PORT`; `*` for any host or any port. The error says what is wrong with it.
std::expected<network_endpoint, std::string> parse_endpoint(std::string_view text);

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/network_policy.hh"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

namespace interlink::wasi {

namespace {

/// Addresses have many spellings and one number.
std::string normal_host(const std::string& host)
{
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, host.c_str(), bytes.data()) == 1) {
      return ::inet_ntop(family, bytes.data(), text.data(), text.size());
    }
  }
  return host;
}

bool matches(const network_endpoint& allowed, const network_request& request, const std::vector<std::string>& names)
{
  if (request.host.starts_with('/')) {
    return false; // a local socket, which no option names
  }
  const bool same_port = !allowed.port || *allowed.port == request.port || request.use == network_use::resolve;
  const bool same_host = allowed.host == "*" || normal_host(allowed.host) == normal_host(request.host) ||
                         std::ranges::find(names, allowed.host) != names.end();
  return same_port && same_host;
}

std::string endpoint_text(const network_request& request)
{
  const bool is_ip6 = request.host.contains(':');
  return (is_ip6 ? "[" + request.host + "]" : request.host) + ":" + std::to_string(request.port);
}

} // namespace

bool allows(const network_policy& policy, const network_request& request, const std::vector<std::string>& names)
{
  if (policy.decides) {
    return policy.decides(request);
  }
  if (policy.access == network_access::all || (policy.access == network_access::loopback && request.is_loopback)) {
    return true;
  }
  const auto& allowed = request.use == network_use::listen ? policy.listen : policy.connect;
  return std::ranges::any_of(allowed, [&](const auto& each) { return matches(each, request, names); });
}

std::string describe_refusal(const network_request& request)
{
  const std::string general = request.is_loopback ? "--net loopback" : "--net all";
  if (request.host.starts_with('/')) {
    return "the guest may not " + std::string(request.use == network_use::listen ? "listen at" : "connect to") +
           " the socket " + request.host + ": give " + general;
  }
  switch (request.use) {
  case network_use::listen:
    return "the guest may not listen at " + endpoint_text(request) + ": give --allow-listen " + endpoint_text(request) +
           " or " + general;
  case network_use::resolve:
    return "the guest may not look up the name " + request.host + ": give --allow-connect " + request.host +
           ":PORT or " + general;
  case network_use::connect:
    break;
  }
  return "the guest may not connect to " + endpoint_text(request) + ": give --allow-connect " + endpoint_text(request) +
         " or " + general;
}

std::expected<network_endpoint, std::string> parse_endpoint(std::string_view text)
{
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::unexpected("expected HOST:PORT");
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || host.contains('[') || host.contains(']') || host.contains(':') != has_brackets) {
    return std::unexpected("expected an address, [an IPv6 address], a name or * before the port");
  }
  network_endpoint endpoint{std::string(host), std::nullopt};
  if (port != "*") {
    std::uint16_t number = 0;
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size() || number == 0) {
      return std::unexpected("expected a port between 1 and 65535, or *");
    }
    endpoint.port = number;
  }
  return endpoint;
}

} // namespace interlink::wasi

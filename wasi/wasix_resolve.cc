// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"
#include "wasi/socket_address.hh"
#include "wasi/stream.hh"
#include "wasi/wasix_calls.hh"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <vector>

namespace interlink::wasi {

namespace {

// The host's resolver blocks, and nothing ends that early; a guest that gives up leaves its question behind. Hence a
// bound for questions under way: each has a thread.
constexpr int questions_max = 64;
std::atomic<int> questions = 0;

/// A question to the host's resolver. Both sides hold it; the thread writes, then rings, then the guest reads.
struct question {
  std::string name;
  unique_fd answered;
  int failure = 0;
  std::vector<socket_address> addresses;
};

void ask_resolver(question& asked)
{
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM; // each address once
  addrinfo* found = nullptr;
  asked.failure = ::getaddrinfo(asked.name.c_str(), nullptr, &hints, &found);
  for (const addrinfo* each = asked.failure == 0 ? found : nullptr; each != nullptr; each = each->ai_next) {
    host_address host;
    host.length = std::min<socklen_t>(each->ai_addrlen, sizeof host.storage);
    std::memcpy(&host.storage, each->ai_addr, host.length);
    const auto address = from_host(host);
    if (address.family == address_family::inet4 || address.family == address_family::inet6) {
      asked.addresses.push_back(address);
    }
  }
  if (asked.failure == 0) {
    ::freeaddrinfo(found);
  }
}

errno_code from_resolver(int failure)
{
  switch (failure) {
  case EAI_AGAIN:
    return errno_code::again;
  case EAI_MEMORY:
    return errno_code::nomem;
  case EAI_FAIL:
    return errno_code::io;
  default:
    return errno_code::noent;
  }
}

expected<std::vector<socket_address>> ask(const std::string& name, canceller& cancel)
{
  auto asked = std::make_shared<question>();
  asked->name = name;
  asked->answered = unique_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!asked->answered.is_open()) {
    return refuse(from_host_call(-1));
  }
  if (questions.fetch_add(1) >= questions_max) {
    questions.fetch_sub(1);
    return refuse(errno_code::again);
  }
  try {
    std::thread([asked] {
      ask_resolver(*asked);
      questions.fetch_sub(1);
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(asked->answered.value(), &one, sizeof one);
    }).detach();
  } catch (const std::system_error&) {
    questions.fetch_sub(1);
    return refuse(errno_code::again);
  }
  if (auto waited = wait_for_events(asked->answered.value(), POLLIN, cancel); !waited.is_success()) {
    return refuse(waited);
  }
  if (asked->failure != 0) {
    return refuse(from_resolver(asked->failure));
  }
  return std::move(asked->addresses);
}

/// An address that needs nobody's answer.
std::optional<socket_address> parse_address(const std::string& text)
{
  socket_address address;
  address.family = address_family::inet4;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    return address;
  }
  address.family = address_family::inet6;
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    return address;
  }
  return std::nullopt;
}

} // namespace

outcome resolve(system& s, call_context& c, guest_pointer host, guest_size length, std::uint32_t,
                guest_pointer addresses, guest_size count, guest_pointer stored)
{
  constexpr guest_size name_bytes = 253; // of a name in the DNS. Source: RFC 1035
  if (!c.memory.contains(host, length) || !c.memory.contains(stored, 4) ||
      !c.memory.contains(addresses, std::uint64_t{count} * abi_size::ip_address)) {
    return errno_code::fault;
  }
  if (length > name_bytes) {
    return errno_code::nametoolong;
  }
  const auto name = c.memory.load_string(host, length);
  if (!name) {
    return name.error();
  }
  if (name->empty() || name->contains('\0')) {
    return errno_code::inval;
  }
  std::vector<socket_address> found;
  if (const auto address = parse_address(*name)) {
    found.push_back(*address);
  } else {
    if (!s.allows_network({network_use::resolve, *name, 0, *name == "localhost"})) {
      return errno_code::notcapable;
    }
    auto answer = ask(*name, c.cancel);
    if (!answer) {
      return answer.error();
    }
    found = std::move(*answer);
    for (const auto& address : found) {
      s.note_resolved(*name, address_text(address));
    }
  }
  std::uint32_t number = 0;
  for (const auto& address : found) {
    if (number == count) {
      break;
    }
    (void)c.memory.store_bytes(addresses + number * static_cast<guest_pointer>(abi_size::ip_address),
                               write_ip(address));
    ++number;
  }
  return c.memory.store(stored, number);
}

} // namespace interlink::wasi

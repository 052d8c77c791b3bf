// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a socket address, as an address that options allow, and as the operations of a new process, which lie in
// a guest's memory with their paths.
//   - What is read of an address and written again is read as the same; so is what goes through the kernel's form.
//   - No path has a zero inside, or is longer than its place.
//   - Operations and dispositions are as many as were asked for, and of known kinds.
#include "tests/fuzz/fuzz_target.hh"
#include "wasi/abi.hh"
#include "wasi/network_policy.hh"
#include "wasi/socket_address.hh"

#include <algorithm>
#include <string>
#include <vector>

#include "process/spawn_request.hh"

namespace interlink::fuzz {
namespace {

void check_address(std::span<const std::byte> input)
{
  wasi::address_bytes bytes{};
  std::ranges::copy(input.first(std::min(input.size(), bytes.size())), bytes.begin());
  const auto address = wasi::read_address(bytes);
  if (!address) {
    return;
  }
  require(address->path.find('\0') == std::string::npos && address->path.size() <= wasi::local_path_bytes,
          "a path fits its place");
  const auto again = wasi::read_address(wasi::write_address(*address));
  require(again && (address->path.size() == wasi::local_path_bytes || *again == *address),
          "an address is read as written");
  if (const auto host = wasi::to_host(*address)) {
    require(wasi::from_host(*host) == *address, "the kernel's form says the same");
    require(!wasi::address_text(*address).empty(), "an address has a text");
    const wasi::network_request request{wasi::network_use::connect, wasi::address_text(*address), address->port,
                                        wasi::is_loopback(*address)};
    require(!wasi::allows({}, request), "nothing is allowed by default");
    require(!(wasi::is_loopback(*address) && wasi::is_many(*address)), "a group is not this machine");
  }
}

void check_endpoint(std::span<const std::byte> input)
{
  const std::string text(reinterpret_cast<const char*>(input.data()), input.size());
  const auto endpoint = wasi::parse_endpoint(text);
  require(!endpoint || (!endpoint->host.empty() && endpoint->port != 0), "an endpoint has a host and no port 0");
}

void check_spawn(choices from, std::span<const std::byte> input)
{
  const std::uint32_t count = from.u16();
  const std::uint32_t at = from.u16();
  std::vector<std::byte> bytes(input.begin(), input.end());
  bytes.resize(bytes.size() + 256);
  const wasi::guest_memory memory{std::span(bytes)};
  if (const auto operations = load_operations(memory, at, count % 16)) {
    require(operations->size() == count % 16, "every operation is read");
    for (const auto& operation : *operations) {
      require(operation.kind <= spawn_operation_kind::enter, "an operation is of a known kind");
      require(operation.path.size() < wasi::bound::path_bytes, "a path is bounded");
    }
  }
  if (const auto dispositions = load_dispositions(memory, at, count)) {
    require((dispositions->ignored & dispositions->reset) == 0, "a signal has one disposition");
    require(((dispositions->ignored | dispositions->reset) & 1U) == 0, "signal 0 has none");
  }
  const std::string text(reinterpret_cast<const char*>(input.data()), input.size());
  for (const std::string& each : split_strings(text)) {
    require(each.find('\n') == std::string::npos, "a string is one line");
  }
}

} // namespace
} // namespace interlink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  using namespace interlink::fuzz;
  const auto input = as_bytes(data, size);
  check_address(input);
  check_endpoint(input);
  check_spawn(choices(input), input);
  return 0;
}

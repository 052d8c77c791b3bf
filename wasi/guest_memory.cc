// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/guest_memory.hh"

namespace interlink::wasi {

expected<std::span<std::byte>> guest_memory::range(std::uint32_t address, std::uint64_t length) const
{
  if (!contains(address, length)) {
    return refuse(errno_code::fault);
  }
  return std::span(data_ + address, static_cast<std::size_t>(length));
}

expected<std::string> guest_memory::load_string(std::uint32_t address, std::uint32_t length) const
{
  auto bytes = range(address, length);
  if (!bytes) {
    return std::unexpected(bytes.error());
  }
  std::string copy(length, '\0');
  if (length != 0) {
    std::memcpy(copy.data(), bytes->data(), length);
  }
  return copy;
}

outcome guest_memory::store_bytes(std::uint32_t address, std::span<const std::byte> bytes) const
{
  auto to = range(address, bytes.size());
  if (!to) {
    return to.error();
  }
  if (!bytes.empty()) {
    std::memcpy(to->data(), bytes.data(), bytes.size());
  }
  return errno_code::success;
}

} // namespace interlink::wasi

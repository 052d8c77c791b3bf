// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/spawn_request.hh"

#include "wasi/abi.hh"

#include <span>
#include <utility>

namespace interlink {

namespace {

using wasi::errno_code;

constexpr auto memviolation = static_cast<errno_code>(78);

/// Source: WASI, `signal`.
constexpr std::uint32_t last_signal = 31;

// Of proc_spawn_fd_op: command 0, fd 4, source 8, path 12, its length 16, lookup flags 20, open flags 24, rights 32,
// inheriting rights 40, flags 48, extended flags 50.
constexpr std::uint32_t operation_bytes = 56;

std::expected<spawn_operation, errno_code> read_operation(const wasi::guest_memory& memory,
                                                          std::span<const std::byte> bytes)
{
  spawn_operation operation;
  const auto kind = wasi::take<std::uint8_t>(bytes, 0);
  if (kind > static_cast<std::uint8_t>(spawn_operation_kind::enter)) {
    return std::unexpected(errno_code::inval);
  }
  operation.kind = static_cast<spawn_operation_kind>(kind);
  operation.fd = wasi::take<std::uint32_t>(bytes, 4);
  operation.source = wasi::take<std::uint32_t>(bytes, 8);
  operation.lookup = wasi::take<std::uint32_t>(bytes, 20);
  operation.open_flags = wasi::take<std::uint16_t>(bytes, 24);
  operation.base_rights = wasi::take<std::uint64_t>(bytes, 32);
  operation.inheriting_rights = wasi::take<std::uint64_t>(bytes, 40);
  operation.flags = wasi::take<std::uint16_t>(bytes, 48);
  operation.extended_flags = wasi::take<std::uint16_t>(bytes, 50);
  if (operation.kind == spawn_operation_kind::open || operation.kind == spawn_operation_kind::change_directory) {
    const auto length = wasi::take<std::uint32_t>(bytes, 16);
    if (length >= wasi::bound::path_bytes) {
      return std::unexpected(errno_code::nametoolong);
    }
    auto path = memory.load_string(wasi::take<std::uint32_t>(bytes, 12), length);
    if (!path) {
      return std::unexpected(memviolation);
    }
    operation.path = std::move(*path);
  }
  return operation;
}

} // namespace

std::vector<std::string> split_strings(std::string_view text)
{
  const char separator = text.contains('\0') ? '\0' : '\n';
  std::vector<std::string> strings;
  while (!text.empty()) {
    const auto end = text.find(separator);
    strings.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return strings;
}

std::expected<std::vector<spawn_operation>, errno_code> load_operations(const wasi::guest_memory& memory,
                                                                        std::uint32_t address, std::uint32_t count)
{
  if (!memory.contains(address, std::uint64_t{count} * operation_bytes)) {
    return std::unexpected(memviolation);
  }
  if (count > spawn_operations_max) {
    return std::unexpected(errno_code::too_big);
  }
  std::vector<spawn_operation> operations;
  operations.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto text = memory.load_string(address + i * operation_bytes, operation_bytes);
    if (!text) {
      return std::unexpected(memviolation);
    }
    auto operation = read_operation(memory, std::as_bytes(std::span(*text)));
    if (!operation) {
      return std::unexpected(operation.error());
    }
    operations.push_back(std::move(*operation));
  }
  return operations;
}

std::expected<spawn_dispositions, errno_code> load_dispositions(const wasi::guest_memory& memory, std::uint32_t address,
                                                                std::uint32_t count)
{
  if (!memory.contains(address, std::uint64_t{count} * 2)) {
    return std::unexpected(memviolation);
  }
  if (count > spawn_dispositions_max) {
    return std::unexpected(errno_code::too_big);
  }
  spawn_dispositions dispositions;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto signal = memory.load<std::uint8_t>(address + 2 * i);
    const auto disposition = memory.load<std::uint8_t>(address + 2 * i + 1);
    if (!signal || !disposition) {
      return std::unexpected(memviolation);
    }
    if (*signal == 0 || *signal > last_signal || *disposition > 1) {
      return std::unexpected(errno_code::inval);
    }
    const std::uint32_t bit = 1U << *signal;
    dispositions.ignored = *disposition == 1 ? dispositions.ignored | bit : dispositions.ignored & ~bit;
    dispositions.reset = *disposition == 0 ? dispositions.reset | bit : dispositions.reset & ~bit;
  }
  return dispositions;
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/abi/guest_values.hh"

#include <algorithm>

namespace interlink::abi {

namespace {

bool is_continuation(char byte)
{
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Length of the well-formed code point at the front of `text`, 0 when there is none. Source: Unicode, table 3-7.
std::size_t code_point_length(std::string_view text)
{
  auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) {
      return 0;
    }
  }
  const unsigned char second = byte(1);
  const bool is_bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return is_bad ? 0 : length;
}

} // namespace

function_type errno_function(std::size_t parameter_count)
{
  return {std::vector<value_type>(parameter_count, wasm::i32), {wasm::i32}};
}

void write_text(const wasi::guest_memory& memory, std::uint32_t buffer, std::uint32_t length, std::string_view text)
{
  if (length == 0) {
    return;
  }
  std::size_t kept = std::min<std::size_t>(text.size(), length - 1);
  while (kept > 0 && kept < text.size() && is_continuation(text[kept])) {
    --kept;
  }
  std::string terminated(text.substr(0, kept));
  terminated.push_back('\0');
  static_cast<void>(memory.store_bytes(buffer, std::as_bytes(std::span(terminated))));
}

bool is_utf8(std::string_view text)
{
  while (!text.empty()) {
    const std::size_t length = code_point_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

} // namespace interlink::abi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/thrown_object.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "wasm/demangle.hh"

namespace interlink {

namespace {

/// `CLNGC++` and a byte that tells primary (0) from dependent (1) exceptions, which stand for another object.
constexpr std::uint64_t libcxxabi_class = 0x434c4e47432b2b00;
constexpr std::uint32_t type_before_header = 48;
constexpr std::uint32_t object_after_header = 32;
constexpr std::uint32_t name_in_type = 4;
constexpr std::uint32_t base_in_type = 8;
constexpr std::uint32_t text_in_object = 4;

constexpr std::uint32_t longest_text = 1024;
constexpr int most_bases = 16;

std::optional<std::uint32_t> word_at(const wasi::guest_memory& memory, std::uint32_t address)
{
  const auto word = memory.load<std::uint32_t>(address);
  return word ? std::optional(*word) : std::nullopt;
}

/// Up to its zero byte, or as far as it may go.
std::optional<std::string> text_at(const wasi::guest_memory& memory, std::uint32_t address)
{
  std::string text;
  while (text.size() < longest_text) {
    const auto byte = memory.load<std::uint8_t>(address++);
    if (!byte) {
      return std::nullopt;
    }
    if (*byte == 0) {
      break;
    }
    const bool is_control = *byte < 0x20 || *byte == 0x7f;
    text.push_back(is_control ? ' ' : static_cast<char>(*byte));
  }
  return text;
}

std::optional<std::string> name_of_type(const wasi::guest_memory& memory, std::uint32_t type)
{
  const auto name = word_at(memory, type + name_in_type);
  return name ? text_at(memory, *name) : std::nullopt;
}

/// Whether the type or one of its bases keeps its text where std::runtime_error does. A type without a base has
/// something else in that place, which has no name of one.
bool keeps_its_text(const wasi::guest_memory& memory, std::uint32_t type)
{
  std::optional<std::uint32_t> at = type;
  for (int i = 0; at && i < most_bases; ++i) {
    const auto name = name_of_type(memory, *at);
    if (name == "St13runtime_error" || name == "St11logic_error") {
      return true;
    }
    at = word_at(memory, *at + base_in_type);
  }
  return false;
}

std::optional<std::string> describe(const wasi::guest_memory& memory, std::uint32_t header)
{
  const auto is_cxx = memory.load<std::uint64_t>(header);
  const auto type = word_at(memory, header - type_before_header);
  if (!is_cxx || *is_cxx != libcxxabi_class || !type) {
    return std::nullopt;
  }
  const auto name = name_of_type(memory, *type);
  if (!name || name->empty()) {
    return std::nullopt;
  }
  const std::string text = demangled_type(*name);
  const auto at = word_at(memory, header + object_after_header + text_in_object);
  const auto what = at && keeps_its_text(memory, *type) ? text_at(memory, *at) : std::nullopt;
  return what ? text + ": " + *what : text;
}

} // namespace

error with_thrown_object(const error& failure, const wasi::guest_memory& memory)
{
  const auto& trap = failure.detail().trap;
  const auto text =
      failure == errc::guest_threw && trap && trap->exception ? describe(memory, *trap->exception) : std::nullopt;
  if (!text) {
    return failure;
  }
  error_detail detail = failure.detail();
  detail.message += ": " + *text;
  return {failure.code(), std::move(detail)};
}

} // namespace interlink

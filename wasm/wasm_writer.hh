// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Appends the pieces of a wasm binary to a vector of bytes.
#pragma once

#include "messages/wasm_types.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace interlink {

/// Context: owned by one thread.
class wasm_writer {
public:
  /// The most that a 32-bit integer takes.
  static constexpr std::size_t longest_u32_bytes = 5;

  std::size_t size() const noexcept { return out_.size(); }

  void reserve(std::size_t bytes) { out_.reserve(bytes); }

  std::span<const std::byte> written() const noexcept { return out_; }

  std::vector<std::byte> take() noexcept { return std::move(out_); }

  void u8(std::uint8_t value) { out_.push_back(std::byte{value}); }

  void u32(std::uint32_t value) { u64(value); }

  void u64(std::uint64_t value)
  {
    while (value >= 0x80) {
      u8(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    u8(static_cast<std::uint8_t>(value));
  }

  void s64(std::int64_t value)
  {
    while (value < -64 || value > 63) {
      u8(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) | 0x80));
      value >>= 7;
    }
    u8(static_cast<std::uint8_t>(value & 0x7f));
  }

  void bytes(std::span<const std::byte> data) { out_.insert(out_.end(), data.begin(), data.end()); }

  void name(std::string_view text)
  {
    u32(static_cast<std::uint32_t>(text.size()));
    bytes(std::as_bytes(std::span(text)));
  }

  /// Nullable references to abstract heap types get their one-byte form, which every reader knows.
  void type(const value_type& value)
  {
    if (value.code == 0x63 && value.heap < 0) {
      s64(value.heap);
      return;
    }
    u8(value.code);
    if (value.code == 0x63 || value.code == 0x64) {
      s64(value.heap);
    }
  }

  void type(const function_type& signature)
  {
    u8(0x60);
    types(signature.parameters);
    types(signature.results);
  }

  void types(const std::vector<value_type>& values)
  {
    u32(static_cast<std::uint32_t>(values.size()));
    for (const value_type& value : values) {
      type(value);
    }
  }

  /// Leaves room for a length that is not known yet. `fill_length` writes it, as the number of bytes written since, in
  /// as few bytes as it needs, moves those bytes up, and returns how many the length took.
  std::size_t begin_length()
  {
    const std::size_t place = size();
    out_.resize(place + longest_u32_bytes);
    return place;
  }

  std::size_t fill_length(std::size_t place)
  {
    const std::size_t length = size() - place - longest_u32_bytes;
    std::array<std::byte, longest_u32_bytes> number{};
    std::size_t digits = 0;
    auto rest = static_cast<std::uint32_t>(length);
    do {
      const std::uint32_t more = rest >= 0x80 ? 0x80 : 0;
      number[digits++] = std::byte{static_cast<std::uint8_t>((rest & 0x7f) | more)};
      rest >>= 7;
    } while (rest != 0);
    std::memcpy(out_.data() + place, number.data(), digits);
    std::memmove(out_.data() + place + digits, out_.data() + place + longest_u32_bytes, length);
    out_.resize(place + digits + length);
    return digits;
  }

  /// A section with `content` as its payload.
  void section(std::uint8_t id, std::span<const std::byte> content)
  {
    u8(id);
    u32(static_cast<std::uint32_t>(content.size()));
    bytes(content);
  }

  /// `\0asm` and version 1.
  void header()
  {
    constexpr std::array<std::uint8_t, 8> magic{0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};
    bytes(std::as_bytes(std::span(magic)));
  }

private:
  std::vector<std::byte> out_;
};

} // namespace interlink

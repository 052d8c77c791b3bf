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
#include <vector>

namespace interlink {

/// Context: owned by one thread.
class wasm_writer {
public:
  /// Bytes of a 32-bit integer written with `padded_u32`.
  static constexpr std::size_t padded_u32_bytes = 5;

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

  /// Leaves room for a length that is not known yet; `fill_length` writes it, as the number of bytes written since.
  std::size_t begin_length()
  {
    const std::size_t place = size();
    out_.resize(place + padded_u32_bytes);
    return place;
  }

  void fill_length(std::size_t place)
  {
    auto value = static_cast<std::uint32_t>(size() - place - padded_u32_bytes);
    for (std::size_t i = 0; i < padded_u32_bytes; ++i) {
      const std::uint32_t more = i + 1 < padded_u32_bytes ? 0x80 : 0;
      out_[place + i] = std::byte{static_cast<std::uint8_t>((value & 0x7f) | more)};
      value >>= 7;
    }
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

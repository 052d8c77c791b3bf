// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cursor over bytes that may be anything. It never reads outside them, and it remembers the first failure: from then
// on every read gives zero and the cursor stands at the end, so that a parser can read a whole structure and ask
// `ok()` once. A loop over a count must stop when `ok()` is false.
//
// Integers are LEB128 as the wasm specification has it: no longer than their type needs, unused bits a copy of the
// sign.
#pragma once

#include "messages/error.hh"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace interlink {

/// Context: owned by one parser.
class binary_reader {
public:
  /// `base_offset` is the place of `bytes` in the module; error offsets count from the module's start.
  explicit binary_reader(std::span<const std::byte> bytes, std::uint64_t base_offset = 0) noexcept
      : begin_(bytes.data()), position_(bytes.data()), end_(bytes.data() + bytes.size()), base_(base_offset)
  {
  }

  bool ok() const noexcept { return code_ == errc{}; }

  bool at_end() const noexcept { return position_ == end_; }

  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - position_); }

  /// Place of the next byte in the module.
  std::uint64_t offset() const noexcept { return base_ + static_cast<std::uint64_t>(position_ - begin_); }

  std::uint8_t u8()
  {
    if (position_ == end_) [[unlikely]] {
      fail_truncated();
      return 0;
    }
    return std::to_integer<std::uint8_t>(*position_++);
  }

  /// The next byte without taking it; 0 at the end.
  std::uint8_t peek() const noexcept { return at_end() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(*position_); }

  std::uint32_t u32()
  {
    if (position_ != end_ && std::to_integer<std::uint8_t>(*position_) < 0x80) [[likely]] {
      return std::to_integer<std::uint8_t>(*position_++);
    }
    return static_cast<std::uint32_t>(long_unsigned(32));
  }

  std::uint64_t u64()
  {
    if (position_ != end_ && std::to_integer<std::uint8_t>(*position_) < 0x80) [[likely]] {
      return std::to_integer<std::uint8_t>(*position_++);
    }
    return long_unsigned(64);
  }

  std::int32_t s32() { return static_cast<std::int32_t>(signed_integer(32)); }

  std::int64_t s33() { return signed_integer(33); }

  std::int64_t s64() { return signed_integer(64); }

  void skip(std::size_t count)
  {
    if (count > remaining()) [[unlikely]] {
      fail_truncated();
      return;
    }
    position_ += count;
  }

  std::span<const std::byte> bytes(std::size_t count);

  /// A vector's length. Fails with limit_exceeded above `limit`, and with malformed_module when the bytes left cannot
  /// hold that many items of at least `item_bytes` each: so nothing is reserved for items that cannot be there.
  std::uint32_t count(std::size_t limit, std::size_t item_bytes, std::string_view what);

  /// A length and that many bytes of UTF-8. The view lives as long as the module's bytes.
  std::string_view name(std::size_t limit, std::string_view what);

  /// Narrows the reader to the next `size` bytes; `leave` widens it again and fails when bytes are left over.
  struct window {
    const std::byte* outer_end{};
  };

  window enter(std::size_t size, std::string_view what);
  void leave(window entered, std::string_view what);

  /// Keeps the first failure. `at` is a place in the module.
  void fail(errc code, std::string message, std::uint64_t at);

  void fail(std::string message) { fail(errc::malformed_module, std::move(message), offset()); }

  /// Pre: not `ok()`.
  error failure() const;

private:
  void fail_truncated();
  std::uint64_t long_unsigned(unsigned bits);
  std::int64_t long_signed(unsigned bits);

  std::int64_t signed_integer(unsigned bits)
  {
    if (position_ != end_ && std::to_integer<std::uint8_t>(*position_) < 0x80) [[likely]] {
      const auto byte = std::to_integer<std::uint8_t>(*position_++);
      return static_cast<std::int64_t>(byte) - ((byte & 0x40) != 0 ? 0x80 : 0);
    }
    return long_signed(bits);
  }

  const std::byte* begin_;
  const std::byte* position_;
  const std::byte* end_;
  std::uint64_t base_;
  errc code_{};
  std::uint64_t failed_at_{};
  std::string message_;
};

/// `bytes` seen as characters; same lifetime.
std::string_view as_text(std::span<const std::byte> bytes) noexcept;

} // namespace interlink

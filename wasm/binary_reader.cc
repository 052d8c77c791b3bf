// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/binary_reader.hh"

#include "messages/utf8.hh"

#include <utility>

namespace interlink {

std::string_view as_text(std::span<const std::byte> bytes) noexcept
{
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint64_t binary_reader::long_unsigned(unsigned bits)
{
  const std::uint64_t start = offset();
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < bits; shift += 7) {
    const std::uint8_t byte = u8();
    if (!ok()) {
      return 0;
    }
    const unsigned room = bits - shift;
    if (room < 7 && (byte & 0x7fU) >> room != 0) {
      fail(errc::malformed_module, "integer too large for " + std::to_string(bits) + " bits", start);
      return 0;
    }
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  fail(errc::malformed_module, "integer longer than " + std::to_string(bits) + " bits need", start);
  return 0;
}

std::int64_t binary_reader::long_signed(unsigned bits)
{
  const std::uint64_t start = offset();
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < bits; shift += 7) {
    const std::uint8_t byte = u8();
    if (!ok()) {
      return 0;
    }
    const unsigned room = bits - shift;
    if (room < 7) {
      // The bits above the value's own must repeat its sign.
      const unsigned above = (byte & 0x7fU) >> (room - 1);
      if (above != 0 && above != 0x7fU >> (room - 1)) {
        fail(errc::malformed_module, "integer too large for " + std::to_string(bits) + " bits", start);
        return 0;
      }
    }
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) {
      if (shift + 7 < 64 && (byte & 0x40) != 0) {
        value |= ~std::uint64_t{0} << (shift + 7);
      }
      return static_cast<std::int64_t>(value);
    }
  }
  fail(errc::malformed_module, "integer longer than " + std::to_string(bits) + " bits need", start);
  return 0;
}

std::span<const std::byte> binary_reader::bytes(std::size_t count)
{
  const std::byte* first = position_;
  skip(count);
  return ok() ? std::span(first, count) : std::span<const std::byte>{};
}

std::uint32_t binary_reader::count(std::size_t limit, std::size_t item_bytes, std::string_view what)
{
  const std::uint64_t start = offset();
  const std::uint32_t value = u32();
  if (ok() && value > limit) {
    fail(errc::limit_exceeded,
         std::to_string(value) + " " + std::string(what) + ", the limit is " + std::to_string(limit), start);
    return 0;
  }
  if (ok() && value > remaining() / item_bytes) {
    fail(errc::malformed_module,
         std::to_string(value) + " " + std::string(what) + " do not fit in the " + std::to_string(remaining()) +
             " bytes left",
         start);
    return 0;
  }
  return ok() ? value : 0;
}

std::string_view binary_reader::name(std::size_t limit, std::string_view what)
{
  const std::uint64_t start = offset();
  const std::uint32_t size = u32();
  if (ok() && size > limit) {
    fail(errc::limit_exceeded,
         std::string(what) + " of " + std::to_string(size) + " bytes, the limit is " + std::to_string(limit), start);
  }
  const std::string_view text = as_text(bytes(ok() ? size : 0));
  if (ok() && !is_utf8(text)) {
    fail(errc::malformed_module, std::string(what) + " is not UTF-8", start);
  }
  return ok() ? text : std::string_view{};
}

binary_reader::window binary_reader::enter(std::size_t size, std::string_view what)
{
  window entered{end_};
  if (ok() && size > remaining()) {
    fail(std::string(what) + " of " + std::to_string(size) + " bytes is cut off: " + std::to_string(remaining()) +
         " bytes are left");
  }
  if (ok()) {
    end_ = position_ + size;
  }
  return entered;
}

void binary_reader::leave(window entered, std::string_view what)
{
  if (ok() && !at_end()) {
    fail(std::string(what) + " has " + std::to_string(remaining()) + " bytes more than it says");
  }
  if (ok()) {
    end_ = entered.outer_end;
  }
}

void binary_reader::fail(errc code, std::string message, std::uint64_t at)
{
  if (!ok()) {
    return;
  }
  code_ = code;
  message_ = std::move(message);
  failed_at_ = at;
  end_ = position_;
}

void binary_reader::fail_truncated()
{
  fail("unexpected end of bytes");
}

error binary_reader::failure() const
{
  error_detail detail;
  detail.message = message_;
  detail.offset = failed_at_;
  return {code_, std::move(detail)};
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all fuzzers share: the function that libFuzzer or tests/fuzz/replay.cc calls, a claim that ends the process when
// it does not hold, and choices made of the input's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Runs one input. Never returns anything but 0; what is wrong ends the process.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace interlink::fuzz {

/// Prints `claim` and aborts unless it holds.
void require(bool holds, std::string_view claim);

inline std::span<const std::byte> as_bytes(const std::uint8_t* data, std::size_t size)
{
  return std::as_bytes(std::span(data, size));
}

/// Takes choices from the front of an input; zeros when it is used up.
class choices {
public:
  explicit choices(std::span<const std::byte> input) : rest_(input) {}

  bool at_end() const { return rest_.empty(); }

  std::uint8_t u8()
  {
    if (rest_.empty()) {
      return 0;
    }
    const auto value = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }

  std::uint32_t u16() { return u8() | std::uint32_t{u8()} << 8U; }

  std::uint32_t u32() { return u16() | u16() << 16U; }

  bool flag() { return (u8() & 1U) != 0; }

  /// 0 to `count` - 1. Pre: `count` is from 1 to 256.
  std::size_t below(std::size_t count) { return u8() % count; }

  /// The next bytes, at most `size` of them.
  std::string text(std::size_t size)
  {
    const auto taken = rest_.first(size < rest_.size() ? size : rest_.size());
    rest_ = rest_.subspan(taken.size());
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

private:
  std::span<const std::byte> rest_;
};

} // namespace interlink::fuzz

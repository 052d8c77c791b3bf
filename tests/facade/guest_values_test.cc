// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/abi/guest_values.hh"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace interlink::abi {
namespace {

constexpr std::uint32_t buffer_address = 8;
constexpr char untouched = '#';

/// What lies in 32 bytes of memory after `text` was written to a buffer of `length` at `buffer_address`.
std::string written(std::uint32_t length, std::string_view text, std::uint32_t address = buffer_address)
{
  std::string bytes(32, untouched);
  write_text(wasi::guest_memory(std::as_writable_bytes(std::span(bytes))), address, length, text);
  return bytes;
}

/// The buffer's bytes up to its NUL; the test fails when anything else was touched.
std::string text_in_buffer(std::uint32_t length, std::string_view text)
{
  const std::string bytes = written(length, text);
  const std::size_t end = bytes.find('\0');
  EXPECT_LT(end, buffer_address + length) << "not terminated within the buffer";
  EXPECT_EQ(bytes.substr(0, buffer_address), std::string(buffer_address, untouched));
  EXPECT_EQ(bytes.substr(end + 1), std::string(bytes.size() - end - 1, untouched));
  return bytes.substr(buffer_address, end - buffer_address);
}

TEST(WriteText, WritesNothingToABufferOfLengthZero)
{
  EXPECT_EQ(written(0, "text"), std::string(32, untouched));
}

TEST(WriteText, WritesOnlyTheTerminatorToABufferOfLengthOne)
{
  EXPECT_EQ(text_in_buffer(1, "text"), "");
}

TEST(WriteText, KeepsAllOfATextThatFitsWithItsTerminator)
{
  EXPECT_EQ(text_in_buffer(5, "text"), "text");
  EXPECT_EQ(text_in_buffer(9, "text"), "text");
}

TEST(WriteText, CutsATextThatLacksRoomForItsTerminator)
{
  EXPECT_EQ(text_in_buffer(4, "text"), "tex");
}

TEST(WriteText, TerminatesAnEmptyText)
{
  EXPECT_EQ(text_in_buffer(4, ""), "");
}

TEST(WriteText, CutsInFrontOfATwoByteCodePoint)
{
  const std::string text = "a\u00e9b"; // 1 + 2 + 1 bytes
  EXPECT_EQ(text_in_buffer(3, text), "a");
  EXPECT_EQ(text_in_buffer(4, text), "a\u00e9");
}

TEST(WriteText, CutsInFrontOfAThreeByteCodePoint)
{
  const std::string text = "a\u20acb"; // 1 + 3 + 1 bytes
  EXPECT_EQ(text_in_buffer(3, text), "a");
  EXPECT_EQ(text_in_buffer(4, text), "a");
  EXPECT_EQ(text_in_buffer(5, text), "a\u20ac");
}

TEST(WriteText, CutsInFrontOfAFourByteCodePoint)
{
  const std::string text = "a\U0001f600b"; // 1 + 4 + 1 bytes
  EXPECT_EQ(text_in_buffer(3, text), "a");
  EXPECT_EQ(text_in_buffer(4, text), "a");
  EXPECT_EQ(text_in_buffer(5, text), "a");
  EXPECT_EQ(text_in_buffer(6, text), "a\U0001f600");
}

TEST(WriteText, KeepsNothingOfACodePointThatDoesNotFitAtAll)
{
  EXPECT_EQ(text_in_buffer(3, "\U0001f600"), "");
}

TEST(WriteText, WritesNothingWhenTheBufferIsOutsideOfMemory)
{
  EXPECT_EQ(written(8, "text", 30), std::string(32, untouched));
  EXPECT_EQ(written(8, "text", 32), std::string(32, untouched));
  EXPECT_EQ(written(0xFFFFFFFF, "text", 0xFFFFFFFF), std::string(32, untouched));
}

} // namespace
} // namespace interlink::abi

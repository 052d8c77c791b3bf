// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/binary_reader.hh"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "wasm/wasm_writer.hh"

namespace interlink {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values)
{
  std::vector<std::byte> bytes;
  for (const unsigned value : values) {
    bytes.push_back(std::byte{static_cast<std::uint8_t>(value)});
  }
  return bytes;
}

TEST(BinaryReader, ReadsWhatTheWriterWrote)
{
  const std::vector<std::uint64_t> values{0,   1,           127,           128,
                                          300, 0xffff'ffff, 0x1'0000'0000, std::numeric_limits<std::uint64_t>::max()};
  wasm_writer out;
  for (const std::uint64_t value : values) {
    out.u64(value);
  }
  binary_reader in(out.written());
  for (const std::uint64_t value : values) {
    EXPECT_EQ(in.u64(), value);
  }
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(BinaryReader, ReadsSignedIntegersAtTheirLimits)
{
  const std::vector<std::int64_t> values{
      0, -1, 63, 64, -64, -65, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  wasm_writer out;
  for (const std::int64_t value : values) {
    out.s64(value);
  }
  binary_reader in(out.written());
  for (const std::int64_t value : values) {
    EXPECT_EQ(in.s64(), value);
  }
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(BinaryReader, ReadsTheSmallestSigned32)
{
  const auto bytes = bytes_of({0x80, 0x80, 0x80, 0x80, 0x78});
  binary_reader in(bytes);
  EXPECT_EQ(in.s32(), std::numeric_limits<std::int32_t>::min());
  EXPECT_TRUE(in.ok());
}

TEST(BinaryReader, AcceptsPaddedIntegers)
{
  const auto bytes = bytes_of({0x85, 0x80, 0x80, 0x80, 0x00});
  binary_reader in(bytes);
  EXPECT_EQ(in.u32(), 5U);
  EXPECT_TRUE(in.ok());
}

TEST(BinaryReader, RefusesIntegersLongerThanTheirType)
{
  const auto bytes = bytes_of({0x85, 0x80, 0x80, 0x80, 0x80, 0x00});
  binary_reader in(bytes);
  in.u32();
  EXPECT_FALSE(in.ok());
}

TEST(BinaryReader, RefusesBitsAboveTheType)
{
  const auto bytes = bytes_of({0xff, 0xff, 0xff, 0xff, 0x1f});
  binary_reader in(bytes);
  in.u32();
  EXPECT_FALSE(in.ok());
}

TEST(BinaryReader, RefusesSignedBitsThatDoNotRepeatTheSign)
{
  const auto bytes = bytes_of({0x80, 0x80, 0x80, 0x80, 0x68});
  binary_reader in(bytes);
  in.s32();
  EXPECT_FALSE(in.ok());
}

TEST(BinaryReader, KeepsTheFirstFailureAndItsOffset)
{
  const auto bytes = bytes_of({0x01, 0x80});
  binary_reader in(bytes, 100);
  in.u8();
  in.u32();
  in.u8();
  ASSERT_FALSE(in.ok());
  EXPECT_EQ(in.failure().code(), errc::malformed_module);
  EXPECT_EQ(in.failure().detail().offset, 102U);
}

TEST(BinaryReader, GivesZeroAfterAFailure)
{
  const auto bytes = bytes_of({0x05, 0x06});
  binary_reader in(bytes);
  in.skip(3);
  EXPECT_EQ(in.u32(), 0U);
}

TEST(BinaryReader, ComparesACountWithTheBytesLeft)
{
  const auto bytes = bytes_of({0x03, 0x00, 0x00});
  binary_reader in(bytes);
  EXPECT_EQ(in.count(10, 1, "things"), 0U);
  EXPECT_EQ(in.failure().code(), errc::malformed_module);
}

TEST(BinaryReader, ComparesACountWithItsLimit)
{
  const auto bytes = bytes_of({0x03, 0x00, 0x00, 0x00});
  binary_reader in(bytes);
  in.count(2, 1, "things");
  ASSERT_FALSE(in.ok());
  EXPECT_EQ(in.failure().code(), errc::limit_exceeded);
}

TEST(BinaryReader, RefusesAWindowThatIsNotReadToItsEnd)
{
  const auto bytes = bytes_of({0x01, 0x02, 0x03});
  binary_reader in(bytes);
  const binary_reader::window entered = in.enter(2, "part");
  in.u8();
  in.leave(entered, "part");
  EXPECT_FALSE(in.ok());
}

TEST(BinaryReader, DoesNotReadBeyondAWindow)
{
  const auto bytes = bytes_of({0x01, 0x02, 0x03});
  binary_reader in(bytes);
  in.enter(1, "part");
  in.u8();
  in.u8();
  EXPECT_FALSE(in.ok());
}

} // namespace
} // namespace interlink

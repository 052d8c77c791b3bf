// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is said of a C++ exception that nobody caught, by what lies in the guest's memory, which may be anything.
#include "process/thrown_object.hh"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

namespace interlink {
namespace {

/// A guest's memory with one thrown object, laid out as libc++abi does it for 32-bit targets.
class ThrownObject : public testing::Test {
protected:
  static constexpr std::uint32_t header = 256;
  static constexpr std::uint32_t type = 512;
  static constexpr std::uint32_t base = 640;
  static constexpr std::uint32_t type_name = 1024;
  static constexpr std::uint32_t base_name = 1152;
  static constexpr std::uint32_t text = 2048;

  ThrownObject() : bytes_(4096)
  {
    put_bytes(header, std::string("\0++CGNLC", 8)); // "CLNGC++\0", least byte first
    put(header - 48, type);
    put(type + 4, type_name);
    put(base + 4, base_name);
    put(header + 32 + 4, text);
    put_bytes(base_name, "St13runtime_error");
    put_bytes(text, "no such file");
  }

  void put_bytes(std::uint32_t address, const std::string& value)
  {
    std::memcpy(&bytes_.at(address), value.c_str(), value.size() + 1);
  }

  void put(std::uint32_t address, std::uint32_t value) { std::memcpy(&bytes_.at(address), &value, sizeof value); }

  std::string said(std::uint32_t exception = header)
  {
    error_detail detail;
    detail.message = "uncaught exception";
    detail.trap = trap_record{detail.message, {}, exception};
    return with_thrown_object(error(errc::guest_threw, std::move(detail)), wasi::guest_memory(std::span(bytes_)))
        .message();
  }

  std::vector<std::byte> bytes_;
};

TEST_F(ThrownObject, IsNamedByItsTypeAndItsText)
{
  put_bytes(type_name, "St13runtime_error");
  EXPECT_EQ(said(), "uncaught exception: std::runtime_error: no such file");
  put_bytes(type_name, "St11logic_error");
  EXPECT_EQ(said(), "uncaught exception: std::logic_error: no such file");
}

TEST_F(ThrownObject, HasTheTextOfItsBase)
{
  put_bytes(type_name, "N3app7missingE");
  put(type + 8, base);
  EXPECT_EQ(said(), "uncaught exception: app::missing: no such file");
}

TEST_F(ThrownObject, IsNamedByItsTypeAloneWhenThatKeepsNoText)
{
  put_bytes(type_name, "i");
  EXPECT_EQ(said(), "uncaught exception: int");
  put_bytes(type_name, "9exception");
  put(type + 8, type); // its own base, for ever
  EXPECT_EQ(said(), "uncaught exception: exception");
}

TEST_F(ThrownObject, HasNoControlCharactersAndNoEndlessText)
{
  put_bytes(type_name, "St13runtime_error");
  put_bytes(text, "a\x1b[31m\nb");
  EXPECT_EQ(said(), "uncaught exception: std::runtime_error: a [31m b");
  put_bytes(text, std::string(1500, 'x'));
  EXPECT_EQ(said(), "uncaught exception: std::runtime_error: " + std::string(1024, 'x'));
}

TEST_F(ThrownObject, OfAnotherLanguageIsNotDescribed)
{
  put_bytes(header, "GNUCRUST");
  EXPECT_EQ(said(), "uncaught exception");
}

TEST_F(ThrownObject, IsNotReadBeyondTheMemory)
{
  for (const std::uint32_t address : {0U, 8U, 47U, 4090U, 4096U, 0xffffffffU}) {
    EXPECT_EQ(said(address), "uncaught exception") << address;
  }
  for (const std::uint32_t place : {header - 48, type + 4}) {
    for (const std::uint32_t address : {4093U, 4096U, 0xfffffffcU, 0xffffffffU}) {
      const std::uint32_t before = std::bit_cast<std::uint32_t>(
          std::array{bytes_[place], bytes_[place + 1], bytes_[place + 2], bytes_[place + 3]});
      put(place, address);
      EXPECT_EQ(said(), "uncaught exception") << place << " " << address;
      put(place, before);
    }
  }
  put_bytes(type_name, "St13runtime_error");
  put(header + 32 + 4, 0xfffffff0U);
  EXPECT_EQ(said(), "uncaught exception: std::runtime_error");
}

TEST_F(ThrownObject, IsLookedForInUncaughtExceptionsOnly)
{
  const error trap(errc::guest_trapped, "unreachable");
  EXPECT_EQ(with_thrown_object(trap, wasi::guest_memory(std::span(bytes_))).message(), "unreachable");
}

} // namespace
} // namespace interlink

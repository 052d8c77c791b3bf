// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/instruction_walker.hh"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace interlink {
namespace {

using bytes = std::vector<unsigned>;

/// A body without locals around `code`, walked to its end.
struct walked {
  std::vector<instruction> found;
  error failure = errc{};
  bool is_ok = false;
};

walked walk(const bytes& code)
{
  std::vector<std::byte> body{std::byte{0}};
  for (const unsigned value : code) {
    body.push_back(std::byte{static_cast<std::uint8_t>(value)});
  }
  body.push_back(std::byte{0x0b});
  binary_reader in(body);
  instruction_walker walker(in);
  walked all;
  for (instruction at; walker.next(at);) {
    all.found.push_back(at);
  }
  all.is_ok = in.ok();
  if (!in.ok()) {
    all.failure = in.failure();
  }
  return all;
}

struct encoding {
  const char* name;
  bytes code;
};

// One instruction of each encoding. After each of them the walker must stand on the next one.
const std::vector<encoding> encodings{
    {"nop", {0x01}},
    {"block of a value", {0x02, 0x7f}},
    {"block of a type", {0x02, 0x80, 0x01}},
    {"block of a reference", {0x02, 0x63, 0x05}},
    {"block of a long reference", {0x02, 0x64, 0x80, 0x01}},
    {"if", {0x04, 0x40}},
    {"throw", {0x08, 0x85, 0x01}},
    {"br_table", {0x0e, 0x02, 0x00, 0x81, 0x01, 0x00}},
    {"call_indirect", {0x11, 0x80, 0x01, 0x00}},
    {"return_call_indirect", {0x13, 0x01, 0x80, 0x00}},
    {"call_ref", {0x14, 0x00}},
    {"typed select", {0x1c, 0x01, 0x63, 0x70}},
    {"try_table", {0x1f, 0x40, 0x04, 0x00, 0x01, 0x00, 0x01, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00}},
    {"load", {0x28, 0x02, 0x80, 0x80, 0x04}},
    {"load from another memory", {0x28, 0x42, 0x03, 0x80, 0x80, 0x04}},
    {"load with a 64-bit offset", {0x28, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
    {"memory.grow", {0x40, 0x00}},
    {"i32.const", {0x41, 0x80, 0x80, 0x80, 0x80, 0x78}},
    {"i64.const", {0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}},
    {"f32.const", {0x43, 0x0b, 0x0b, 0x0b, 0x0b}},
    {"f64.const", {0x44, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b}},
    {"ref.null", {0xd0, 0x70}},
    {"br_on_null", {0xd5, 0x01}},
    {"struct.get", {0xfb, 0x02, 0x01, 0x02}},
    {"array.new_fixed", {0xfb, 0x08, 0x01, 0x02}},
    {"array.len", {0xfb, 0x0f}},
    {"array.copy", {0xfb, 0x11, 0x01, 0x02}},
    {"ref.cast", {0xfb, 0x17, 0x6e}},
    {"br_on_cast", {0xfb, 0x18, 0x03, 0x00, 0x6e, 0x80, 0x01}},
    {"i31.get_u", {0xfb, 0x1e}},
    {"saturating conversion", {0xfc, 0x07}},
    {"memory.init", {0xfc, 0x08, 0x01, 0x00}},
    {"data.drop", {0xfc, 0x09, 0x01}},
    {"table.copy", {0xfc, 0x0e, 0x01, 0x00}},
    {"table.fill", {0xfc, 0x11, 0x00}},
    {"i64.mul_wide_u", {0xfc, 0x16}},
    {"v128.load", {0xfd, 0x00, 0x04, 0x10}},
    {"v128.const", {0xfd, 0x0c, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11}},
    {"i8x16.shuffle", {0xfd, 0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
    {"extract_lane", {0xfd, 0x15, 0x0b}},
    {"load_lane", {0xfd, 0x54, 0x00, 0x80, 0x01, 0x0b}},
    {"load64_zero", {0xfd, 0x5d, 0x03, 0x00}},
    {"two-byte number", {0xfd, 0xff, 0x01}},
    {"relaxed", {0xfd, 0x93, 0x02}},
    {"padded number", {0xfd, 0x8b, 0x80, 0x00, 0x04, 0x00}},
    {"notify", {0xfe, 0x00, 0x02, 0x00}},
    {"fence", {0xfe, 0x03, 0x00}},
    {"cmpxchg", {0xfe, 0x4e, 0x02, 0x00}},
    {"legacy try", {0x06, 0x40}},
    {"legacy delegate", {0x18, 0x00}},
};

class EveryEncoding : public testing::TestWithParam<encoding> {};

TEST_P(EveryEncoding, EndsWhereTheNextInstructionBegins)
{
  bytes code = GetParam().code;
  const std::size_t size = code.size();
  code.push_back(0x1a);
  const walked all = walk(code);
  ASSERT_TRUE(all.is_ok) << all.failure.message();
  ASSERT_EQ(all.found.size(), 3U);
  EXPECT_EQ(all.found[1].begin, 1 + size);
  EXPECT_EQ(all.found[1].opcode, 0x1aU);
}

TEST_P(EveryEncoding, IsMissedWhenItIsCutOff)
{
  const bytes& code = GetParam().code;
  for (std::size_t size = 1; size < code.size(); ++size) {
    std::vector<std::byte> body{std::byte{0}};
    for (std::size_t i = 0; i < size; ++i) {
      body.push_back(std::byte{static_cast<std::uint8_t>(code[i])});
    }
    binary_reader in(body);
    instruction_walker walker(in);
    for (instruction at; walker.next(at);) {
    }
    EXPECT_FALSE(in.ok()) << "cut to " << size << " bytes";
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionWalker, EveryEncoding, testing::ValuesIn(encodings),
                         [](const testing::TestParamInfo<encoding>& tested) {
                           std::string name = tested.param.name;
                           for (char& letter : name) {
                             if (std::isalnum(static_cast<unsigned char>(letter)) == 0) {
                               letter = '_';
                             }
                           }
                           return name;
                         });

TEST(InstructionWalker, GivesTypeAndTableOfAnIndirectCall)
{
  const walked all = walk({0x11, 0x85, 0x01, 0x02});
  ASSERT_TRUE(all.is_ok);
  EXPECT_EQ(all.found[0].first, 133U);
  EXPECT_EQ(all.found[0].second, 2U);
}

TEST(InstructionWalker, GivesMemoryAndOffsetOfAWait)
{
  const walked all = walk({0xfe, 0x01, 0x42, 0x03, 0x90, 0x01});
  ASSERT_TRUE(all.is_ok);
  EXPECT_EQ(all.found[0].opcode, opcode::atomic_wait32);
  EXPECT_EQ(all.found[0].first, 3U);
  EXPECT_EQ(all.found[0].second, 144U);
}

TEST(InstructionWalker, RefusesUnknownInstructionsByOffset)
{
  for (const bytes& code : {bytes{0x16}, bytes{0x27}, bytes{0xc5}, bytes{0xe0}, bytes{0xff}, bytes{0xfb, 0x1f},
                            bytes{0xfc, 0x12}, bytes{0xfd, 0x9a, 0x01}, bytes{0xfd, 0x94, 0x02}, bytes{0xfe, 0x04},
                            bytes{0xfe, 0x4f}, bytes{0xfd, 0x80, 0x80, 0x04}}) {
    const walked all = walk(code);
    ASSERT_FALSE(all.is_ok);
    EXPECT_EQ(all.failure.code(), errc::unsupported_module);
    EXPECT_EQ(all.failure.detail().offset, 1U);
  }
}

TEST(InstructionWalker, RefusesABodyThatDoesNotEndWithEnd)
{
  const std::vector<std::byte> body{std::byte{0}, std::byte{0x41}, std::byte{0x0b}};
  binary_reader in(body);
  instruction_walker walker(in);
  for (instruction at; walker.next(at);) {
  }
  EXPECT_FALSE(in.ok());
}

TEST(InstructionWalker, RefusesTooManyLocals)
{
  // One declaration of 50,001 i32.
  const std::vector<std::byte> body{std::byte{1},    std::byte{0xd1}, std::byte{0x86},
                                    std::byte{0x03}, std::byte{0x7f}, std::byte{0x0b}};
  binary_reader in(body);
  instruction_walker walker(in);
  ASSERT_FALSE(in.ok());
  EXPECT_EQ(in.failure().code(), errc::limit_exceeded);
}

} // namespace
} // namespace interlink

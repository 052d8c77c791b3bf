// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/wasm_builder.hh"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "wasm/layout_reader.hh"

namespace interlink {
namespace {

using support::wasm_builder;
using support::wasm_code;

using support::none_to_none;

/// The header and one section whose payload is `payload`.
std::vector<std::byte> one_section(std::uint8_t id, std::initializer_list<unsigned> payload)
{
  wasm_writer content;
  for (const unsigned byte : payload) {
    content.u8(static_cast<std::uint8_t>(byte));
  }
  wasm_writer out;
  out.header();
  out.section(id, content.written());
  return out.take();
}

errc code_of(const std::vector<std::byte>& bytes)
{
  const result<module_layout> layout = read_layout(bytes);
  return layout ? errc{} : layout.error().code();
}

errc code_of(const wasm_builder& module)
{
  return code_of(module.build());
}

TEST(TypeSection, LetsMembersOfARecursionGroupNameEachOther)
{
  EXPECT_EQ(code_of(one_section(1, {1, 0x4e, 2, 0x5f, 1, 0x63, 1, 0, 0x5e, 0x63, 0, 1})), errc{});
}

TEST(TypeSection, RefusesTypesBeyondTheGroup)
{
  EXPECT_EQ(code_of(one_section(1, {1, 0x4e, 1, 0x5f, 1, 0x63, 1, 0})), errc::malformed_module);
}

TEST(TypeSection, LetsATypeNameItself)
{
  EXPECT_EQ(code_of(one_section(1, {1, 0x60, 1, 0x64, 0, 0})), errc{});
}

TEST(TypeSection, ReadsFinalAndOpenSubtypes)
{
  EXPECT_EQ(code_of(one_section(1, {2, 0x50, 0, 0x5f, 0, 0x4f, 1, 0, 0x5f, 1, 0x77, 1})), errc{});
}

TEST(TypeSection, RefusesASupertypeThatComesLater)
{
  EXPECT_EQ(code_of(one_section(1, {2, 0x50, 1, 1, 0x5f, 0, 0x5f, 0})), errc::malformed_module);
}

TEST(TypeSection, RefusesUnknownHeapTypes)
{
  EXPECT_EQ(code_of(one_section(1, {1, 0x60, 1, 0x63, 0x68, 0})), errc::malformed_module);
}

TEST(TypeSection, RefusesMoreParametersThanTheLimit)
{
  wasm_builder module;
  module.type({std::vector<value_type>(1001, wasm::i32), {}});
  EXPECT_EQ(code_of(module), errc::limit_exceeded);
}

TEST(TypeSection, RefusesContinuations)
{
  EXPECT_EQ(code_of(one_section(1, {2, 0x60, 0, 0, 0x5d, 0})), errc::unsupported_module);
}

TEST(ImportSection, RefusesAFunctionOfAStructureType)
{
  wasm_builder module;
  module.raw_type({0x5f, 0x00});
  std::vector<std::byte> bytes = module.build();
  for (const unsigned byte : {2U, 5U, 1U, 0U, 0U, 0U, 0U}) {
    bytes.push_back(std::byte{static_cast<std::uint8_t>(byte)});
  }
  EXPECT_EQ(code_of(bytes), errc::malformed_module);
}

TEST(TableSection, ReadsAnInitialValue)
{
  const std::vector<std::byte> bytes = one_section(4, {1, 0x40, 0x00, 0x70, 0x00, 0x02, 0xd0, 0x70, 0x0b});
  const result<module_layout> layout = read_layout(bytes);
  ASSERT_TRUE(layout) << layout.error().message();
  EXPECT_EQ(layout->tables[0].size.minimum, 2U);
}

TEST(TableSection, RefusesMoreElementsThanTheLimit)
{
  wasm_builder module;
  module.table({wasm::funcref, {10'000'001, std::nullopt}, false});
  EXPECT_EQ(code_of(module), errc::limit_exceeded);
}

TEST(TableSection, RefusesNumbersAsElements)
{
  EXPECT_EQ(code_of(one_section(4, {1, 0x7f, 0x00, 0x01})), errc::malformed_module);
}

TEST(TableSection, RefusesSharedTables)
{
  EXPECT_EQ(code_of(one_section(4, {1, 0x70, 0x03, 0x01, 0x01})), errc::unsupported_module);
}

TEST(MemorySection, ReadsSharedSixtyFourBitMemoriesWithSmallPages)
{
  wasm_builder module;
  const memory_type type{{1, 9}, true, true, 0};
  module.memory(type);
  const std::vector<std::byte> bytes = module.build();
  const result<module_layout> layout = read_layout(bytes);
  ASSERT_TRUE(layout) << layout.error().message();
  EXPECT_EQ(layout->memories[0], type);
}

TEST(MemorySection, RefusesASharedMemoryWithoutMaximum)
{
  EXPECT_EQ(code_of(one_section(5, {1, 0x02, 0x01})), errc::malformed_module);
}

TEST(MemorySection, RefusesAMaximumBelowTheMinimum)
{
  EXPECT_EQ(code_of(one_section(5, {1, 0x01, 0x02, 0x01})), errc::malformed_module);
}

TEST(ConstantExpression, MaySkipObjects)
{
  wasm_builder module;
  module.raw_type({0x5f, 0x01, 0x7f, 0x00});
  module.global({{0x63, 0}, false}, wasm_code().i32_const(3).raw({0xfb, 0x00, 0x00}));
  EXPECT_EQ(code_of(module), errc{});
}

TEST(ConstantExpression, MayHoldVectorsAndFloats)
{
  wasm_builder module;
  module.global({wasm::f64, false}, wasm_code().raw({0x44, 0, 0, 0, 0, 0, 0, 0, 0}));
  module.global({wasm::v128, false}, wasm_code().raw({0xfd, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(code_of(module), errc{});
}

TEST(ConstantExpression, RefusesOtherInstructions)
{
  wasm_builder module;
  module.global({wasm::i32, false}, wasm_code().raw({0x3f, 0x00}));
  EXPECT_EQ(code_of(module), errc::malformed_module);
}

TEST(ConstantExpression, RefusesAnAdditionWithOneOperand)
{
  wasm_builder module;
  module.global({wasm::i32, false}, wasm_code().i32_const(1).i32_add());
  EXPECT_EQ(code_of(module), errc::malformed_module);
}

TEST(ConstantExpression, RefusesTwoValues)
{
  wasm_builder module;
  module.global({wasm::i32, false}, wasm_code().i32_const(1).i32_const(2));
  EXPECT_EQ(code_of(module), errc::malformed_module);
}

TEST(ConstantExpression, RefusesGlobalsThatComeLater)
{
  wasm_builder module;
  module.global({wasm::i32, false}, wasm_code().global_get(0));
  EXPECT_EQ(code_of(module), errc::malformed_module);
}

TEST(ConstantExpression, FollowsOneImportedGlobal)
{
  wasm_builder module;
  module.import_global("env", "base", {wasm::i32, false});
  module.global({wasm::i32, false}, wasm_code().i32_const(8).global_get(0).i32_add().i32_const(3).raw({0x6b}));
  const std::vector<std::byte> bytes = module.build();
  const result<module_layout> layout = read_layout(bytes);
  ASSERT_TRUE(layout) << layout.error().message();
  ASSERT_TRUE(layout->globals[1].value);
  EXPECT_EQ(layout->globals[1].value->constant, 5U);
  EXPECT_EQ(layout->globals[1].value->base_global, 0U);
}

TEST(ModuleLayout, RefusesFunctionsWithoutCode)
{
  wasm_builder module;
  module.type(none_to_none);
  std::vector<std::byte> bytes = module.build();
  for (const unsigned byte : {3U, 2U, 1U, 0U}) {
    bytes.push_back(std::byte{static_cast<std::uint8_t>(byte)});
  }
  EXPECT_EQ(code_of(bytes), errc::malformed_module);
}

TEST(ModuleLayout, RefusesADataCountThatDiffers)
{
  EXPECT_EQ(code_of(one_section(12, {3})), errc::malformed_module);
}

TEST(ModuleLayout, RefusesAStartFunctionWithParameters)
{
  wasm_builder module;
  module.start(module.function({{wasm::i32}, {}}, {}));
  EXPECT_EQ(code_of(module), errc::malformed_module);
}

TEST(ModuleLayout, RefusesAnExportOfNothing)
{
  wasm_builder module;
  module.export_entry("nothing", extern_kind::table, 0);
  EXPECT_EQ(code_of(module), errc::malformed_module);
}

TEST(ModuleLayout, RefusesUnknownSections)
{
  EXPECT_EQ(code_of(one_section(14, {0})), errc::malformed_module);
}

TEST(ModuleLayout, RefusesASectionLongerThanItsContents)
{
  EXPECT_EQ(code_of(one_section(1, {0, 0})), errc::malformed_module);
}

TEST(ModuleLayout, RefusesAFunctionBodyAboveTheLimit)
{
  wasm_builder module;
  module.type(none_to_none);
  std::vector<std::byte> bytes = module.build();
  // One function, then a code section that says one body of 7,654,322 bytes.
  for (const unsigned byte : {3U, 2U, 1U, 0U, 10U, 5U, 1U, 0xb2U, 0x97U, 0xd3U, 0x03U}) {
    bytes.push_back(std::byte{static_cast<std::uint8_t>(byte)});
  }
  EXPECT_EQ(code_of(bytes), errc::limit_exceeded);
}

TEST(ModuleLayout, TakesTheNamedMemoryForTheLinkedOne)
{
  wasm_builder module;
  module.import_memory("other", "memory", {{1, 2}, true, false, 16});
  module.import_memory("env", "memory", {{1, 2}, true, false, 16});
  const std::vector<std::byte> bytes = module.build();
  const result<module_layout> layout = read_layout(bytes);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->linked_memory(), 1U);
}

} // namespace
} // namespace interlink

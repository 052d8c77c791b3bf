// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/wasm_types.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

TEST(ValueType, PrintsNumbersAsTheTextFormatDoes)
{
  EXPECT_EQ(to_string(wasm::i32), "i32");
  EXPECT_EQ(to_string(wasm::i64), "i64");
  EXPECT_EQ(to_string(wasm::f32), "f32");
  EXPECT_EQ(to_string(wasm::f64), "f64");
  EXPECT_EQ(to_string(wasm::v128), "v128");
}

TEST(ValueType, PrintsReferencesInTheirLongForm)
{
  EXPECT_EQ(to_string(wasm::funcref), "(ref null func)");
  EXPECT_EQ(to_string(wasm::externref), "(ref null extern)");
  EXPECT_EQ(to_string(wasm::exnref), "(ref null exn)");
  EXPECT_EQ(to_string(value_type{0x64, -16}), "(ref func)");
  EXPECT_EQ(to_string(value_type{0x64, 7}), "(ref 7)");
}

TEST(ValueType, PrintsEachAbstractHeapTypeByItsName)
{
  const std::vector<std::pair<std::int64_t, std::string>> names{{-18, "any"},      {-19, "eq"},    {-20, "i31"},
                                                                {-21, "struct"},   {-22, "array"}, {-13, "nofunc"},
                                                                {-14, "noextern"}, {-15, "none"},  {-12, "noexn"}};
  for (const auto& [heap, name] : names) {
    EXPECT_EQ(to_string(value_type{0x63, heap}), "(ref null " + name + ")");
  }
}

TEST(FunctionType, PrintsParametersAndResults)
{
  EXPECT_EQ(to_string(function_type{{wasm::i32, wasm::f64}, {wasm::i64}}), "(func (param i32 f64) (result i64))");
  EXPECT_EQ(to_string(function_type{{}, {wasm::i32, wasm::i32}}), "(func (result i32 i32))");
}

TEST(FunctionType, PrintsNoEmptyList)
{
  EXPECT_EQ(to_string(function_type{}), "(func)");
  EXPECT_EQ(to_string(function_type{{wasm::v128}, {}}), "(func (param v128))");
}

TEST(ExternType, PrintsTablesWithBoundsAndElement)
{
  EXPECT_EQ(to_string(extern_type(table_type{wasm::funcref, {1, 10}, false})), "(table 1 10 (ref null func))");
  EXPECT_EQ(to_string(extern_type(table_type{wasm::externref, {0, {}}, true})), "(table i64 0 (ref null extern))");
}

TEST(ExternType, PrintsMemoriesWithBoundsAndSharing)
{
  EXPECT_EQ(to_string(extern_type(memory_type{{2, 16}, true, false, 16})), "(memory 2 16 shared)");
  EXPECT_EQ(to_string(extern_type(memory_type{{1, {}}, false, true, 16})), "(memory i64 1)");
}

TEST(ExternType, PrintsGlobalsWithTheirMutability)
{
  EXPECT_EQ(to_string(extern_type(global_type{wasm::i32, true})), "(global (mut i32))");
  EXPECT_EQ(to_string(extern_type(global_type{wasm::i64, false})), "(global i64)");
}

TEST(ExternType, PrintsTagsWithTheirParameters)
{
  EXPECT_EQ(to_string(extern_type(tag_type{{{wasm::i32}, {}}})), "(tag (param i32))");
}

TEST(ExternType, KnowsItsKindByItsPlace)
{
  EXPECT_EQ(to_string(kind_of(extern_type(function_type{}))), "function");
  EXPECT_EQ(to_string(kind_of(extern_type(table_type{}))), "table");
  EXPECT_EQ(to_string(kind_of(extern_type(memory_type{}))), "memory");
  EXPECT_EQ(to_string(kind_of(extern_type(global_type{}))), "global");
  EXPECT_EQ(to_string(kind_of(extern_type(tag_type{}))), "tag");
}

TEST(ConcreteReference, IsFoundAmongParameters)
{
  EXPECT_TRUE(has_concrete_reference({{wasm::i32, {0x63, 0}}, {}}));
}

TEST(ConcreteReference, IsFoundAmongResults)
{
  EXPECT_TRUE(has_concrete_reference({{}, {{0x64, 12}}}));
}

TEST(ConcreteReference, IsNoAbstractReferenceAndNoNumber)
{
  EXPECT_FALSE(has_concrete_reference({{wasm::funcref, wasm::i32, wasm::v128}, {wasm::exnref, {0x64, -18}}}));
  EXPECT_FALSE(has_concrete_reference({}));
}

} // namespace
} // namespace interlink

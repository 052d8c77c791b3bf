// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/closure_module.hh"

#include "tests/support/wasm_listing.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "wasm/layout_reader.hh"
#include "wasm/module_reader.hh"

namespace interlink {
namespace {

using support::line_of;
using support::list_function;

const function_type all_types{{wasm::i32, wasm::i64, wasm::f32, wasm::f64, wasm::v128},
                              {wasm::i64, wasm::v128, wasm::f32}};

TEST(ClosureModule, ExportsABatchOfFunctionsOfTheType)
{
  const result<module_info> info = read_module(make_closure_module(all_types, true));
  ASSERT_TRUE(info) << info.error().message();
  ASSERT_EQ(info->exports.size(), closures_per_batch);
  for (std::uint32_t i = 0; i < closures_per_batch; ++i) {
    const export_info* const function = info->find_export(std::to_string(i));
    ASSERT_NE(function, nullptr);
    EXPECT_EQ(function->type, extern_type(all_types));
  }
}

TEST(ClosureModule, ImportsTheMemoryAsItIs)
{
  for (const bool is_shared : {false, true}) {
    const result<module_info> info = read_module(make_closure_module({}, is_shared));
    ASSERT_TRUE(info);
    std::vector<std::string> names;
    for (const import_info& import : info->imports) {
      names.push_back(import.module_name + "." + import.name);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"interlink.memory", "interlink.control", "interlink.function_table",
                                               "interlink.runtime_table", "interlink.stack_pointer",
                                               "interlink.stack_low", "interlink.applied", "interlink.batch"}));
    EXPECT_EQ(std::get<memory_type>(info->imports[0].type).is_shared, is_shared);
    EXPECT_TRUE(std::get<memory_type>(info->imports[1].type).is_shared);
  }
}

/// The record is an index from memory: the agreement needs the check behind its load, and in front of the call.
TEST(ClosureModule, ChecksBetweenTheLoadOfTheRecordAndTheCall)
{
  const std::vector<std::byte> bytes = make_closure_module({{wasm::i32}, {wasm::i32}}, true);
  const auto layout = read_layout(bytes);
  ASSERT_TRUE(layout);
  for (const std::uint32_t place : {0U, closures_per_batch - 1}) {
    const std::vector<std::string> code = list_function(*layout, place);
    const auto load = std::ranges::find(code, line_of(0xfe0011, {1, 8 * place}));
    ASSERT_NE(load, code.end());
    const auto check = std::find(load, code.end(), line_of(0xfe0010, {1, 0}));
    ASSERT_NE(check, code.end());
    const auto catch_up = std::find(check, code.end(), line_of(0x11, {2, 1}));
    ASSERT_NE(catch_up, code.end());
    EXPECT_NE(std::find(catch_up, code.end(), line_of(0x11, {1, 0})), code.end());
    EXPECT_EQ(std::ranges::count(code, line_of(0xfe0011, {1, 8 * place})), 1); // read whole, and once
  }
}

TEST(ClosureModule, PacksValuesWithoutPadding)
{
  EXPECT_EQ(packed_size(all_types.parameters), 40U);
  EXPECT_EQ(packed_size(all_types.results), 28U);
  const std::vector<std::byte> bytes = make_closure_module(all_types, false);
  const auto layout = read_layout(bytes);
  ASSERT_TRUE(layout);
  const std::vector<std::string> code = list_function(*layout, 0);
  // Behind the results' 32 bytes.
  for (const auto& [opcode, offset] :
       std::vector<std::pair<std::uint32_t, std::uint64_t>>{{0x36, 32}, {0x37, 36}, {0x38, 44}, {0x39, 48}}) {
    EXPECT_NE(std::ranges::find(code, line_of(opcode, {0, offset})), code.end()) << opcode;
  }
  EXPECT_NE(std::ranges::find(code, line_of(0x29, {0, 0})), code.end());
  EXPECT_NE(std::ranges::find(code, line_of(0x2a, {0, 24})), code.end());
}

TEST(ClosureModule, HasNoPlaceForReferences)
{
  EXPECT_TRUE(can_be_closure(all_types));
  EXPECT_FALSE(can_be_closure({{wasm::externref}, {}}));
  EXPECT_FALSE(can_be_closure({{}, {wasm::funcref}}));
}

} // namespace
} // namespace interlink

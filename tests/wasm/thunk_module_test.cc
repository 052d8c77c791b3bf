// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/thunk_module.hh"

#include "tests/support/wasm_listing.hh"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wasm/layout_reader.hh"
#include "wasm/module_reader.hh"

namespace interlink {
namespace {

using support::line_of;
using support::list_function;

const function_type two_to_one{{wasm::i32, wasm::f64}, {wasm::i64}};

std::vector<thunk_shape> shapes_of(const std::vector<function_type>& types)
{
  std::vector<thunk_shape> shapes;
  for (const function_type& type : types) {
    shapes.push_back({type, false});
  }
  return shapes;
}

module_info read_thunks(const std::vector<function_type>& types)
{
  result<module_info> info = read_module(make_thunk_module(shapes_of(types)));
  EXPECT_TRUE(info) << info.error().message();
  return info ? *std::move(info) : module_info{};
}

TEST(ThunkModule, ExportsAFunctionOfEachType)
{
  const module_info info = read_thunks({two_to_one, {}, two_to_one});
  ASSERT_EQ(info.exports.size(), 3U);
  EXPECT_EQ(info.find_export("0")->type, extern_type(two_to_one));
  EXPECT_EQ(info.find_export("1")->type, extern_type(function_type{}));
  EXPECT_EQ(info.find_export("2")->type, extern_type(two_to_one));
}

TEST(ThunkModule, ImportsTheTablesTheModuleNumberAndASlotForEachThunk)
{
  const module_info info = read_thunks({two_to_one, {}});
  std::vector<std::string> names;
  for (const import_info& import : info.imports) {
    names.push_back(import.module_name + "." + import.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"interlink.function_table", "interlink.runtime_table", "interlink.module",
                                             "slot.0", "slot.1"}));
  EXPECT_EQ(info.imports[2].type, extern_type(global_type{wasm::i32, true}));
  EXPECT_EQ(info.imports[4].type, extern_type(global_type{wasm::i32, true}));
}

TEST(ThunkModule, ResolvesAtTheFirstCallAndJumpsToTheSlot)
{
  const std::vector<std::byte> bytes = make_thunk_module(shapes_of({{}, two_to_one}));
  const result<module_layout> layout = read_layout(bytes);
  ASSERT_TRUE(layout);
  EXPECT_EQ(list_function(*layout, 1),
            (std::vector<std::string>{line_of(0x23, {2}), line_of(0x45), line_of(0x04), line_of(0x23),
                                      line_of(0x41, {1}), line_of(0x41, {4}), line_of(0x11, {0, 1}), line_of(0x24, {2}),
                                      line_of(0x0b), line_of(0x20), line_of(0x20, {1}), line_of(0x23, {2}),
                                      line_of(0x13, {2}), line_of(0x0b)}));
}

// A call, not a jump, between two writes of the last imported global: the module's number, then nobody.
TEST(ThunkModule, TellsTheCallerAroundTheCall)
{
  const std::vector<std::byte> bytes = make_thunk_module(std::vector<thunk_shape>{{{}, false}, {{}, true}});
  const result<module_layout> layout = read_layout(bytes);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->imports.back().name, "caller");
  EXPECT_EQ(list_function(*layout, 1),
            (std::vector<std::string>{line_of(0x23, {2}), line_of(0x45), line_of(0x04), line_of(0x23),
                                      line_of(0x41, {1}), line_of(0x41, {4}), line_of(0x11, {0, 1}), line_of(0x24, {2}),
                                      line_of(0x0b), line_of(0x23), line_of(0x24, {3}), line_of(0x23, {2}),
                                      line_of(0x11, {1}), line_of(0x41), line_of(0x24, {3}), line_of(0x0b)}));
  EXPECT_EQ(list_function(*layout, 0).at(10), line_of(0x13, {1}));
}

TEST(ThunkModule, DeclaresEachTypeOnce)
{
  const std::vector<std::byte> bytes = make_thunk_module(shapes_of({two_to_one, two_to_one, {}}));
  const result<module_layout> layout = read_layout(bytes);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->types.size(), 3U);
}

TEST(ThunkModule, KeepsReferencesInItsTypes)
{
  const function_type references{{wasm::funcref, wasm::exnref, {0x64, -16}}, {wasm::externref}};
  EXPECT_EQ(read_thunks({references}).find_export("0")->type, extern_type(references));
}

TEST(ThunkModule, MayBeEmpty)
{
  EXPECT_TRUE(read_thunks({}).exports.empty());
}

} // namespace
} // namespace interlink

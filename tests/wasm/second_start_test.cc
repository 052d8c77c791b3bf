// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/second_start.hh"

#include "tests/support/wasm_builder.hh"

#include <gtest/gtest.h>

#include <algorithm>

#include "wasm/code_facts.hh"
#include "wasm/instruction_walker.hh"
#include "wasm/instrumenter.hh"
#include "wasm/layout_reader.hh"
#include "wasm/module_reader.hh"

namespace interlink {
namespace {

using support::wasm_builder;
using support::wasm_code;

const function_type none_to_none{};
const global_type variable{wasm::i32, true};
constexpr std::uint8_t bulk = 0xfc;

/// A side module with one passive segment, and a variable of its own: global 2.
wasm_builder side_module()
{
  wasm_builder module;
  module.dylink();
  module.side_module_imports();
  module.global(variable, wasm_code().i32_const(0));
  module.passive_data("words");
  return module;
}

wasm_code copy_data()
{
  return wasm_code().i32_const(0).i32_const(0).i32_const(5).prefixed(bulk, 8, {0, 0});
}

wasm_code drop_data()
{
  return wasm_code().prefixed(bulk, 9, {0});
}

bool can_start_again(const wasm_builder& module)
{
  const std::vector<std::byte> bytes = module.build();
  const auto layout = read_layout(bytes);
  EXPECT_TRUE(layout) << layout.error().message();
  const auto found = layout ? read_second_start(*layout) : result<second_start>(fail(layout.error()));
  return found && found->is_possible;
}

// What wasm-ld makes of a library with data, a thread-local variable and entries of its own offset table.
TEST(SecondStart, IsPossibleWhenOnlyInitialisersChangeWhatTheInstanceKeeps)
{
  wasm_builder module = side_module();
  const auto relocate = module.function(none_to_none, wasm_code().global_get(0).global_set(2));
  module.start(module.function(none_to_none, copy_data().append(drop_data()).call(relocate)));
  module.function({{wasm::i32}, {}}, wasm_code().local_get(0).global_set(2), "__wasm_init_tls");
  module.function(none_to_none, wasm_code().global_get(2).drop(), "reads");
  EXPECT_TRUE(can_start_again(module));
}

TEST(SecondStart, IsNotPossibleWhenOtherCodeSetsAVariable)
{
  wasm_builder module = side_module();
  module.function(none_to_none, wasm_code().i32_const(1).global_set(2), "sets");
  EXPECT_FALSE(can_start_again(module));
}

TEST(SecondStart, IsPossibleWhenCodeSetsAnImportedVariable)
{
  wasm_builder module;
  module.dylink();
  module.side_module_imports();
  const auto stack = module.import_global("env", "__stack_pointer", variable);
  module.function(none_to_none, wasm_code().global_get(stack).global_set(stack), "calls");
  EXPECT_TRUE(can_start_again(module));
}

TEST(SecondStart, IsNotPossibleWhenTheStartFunctionReadsAVariable)
{
  wasm_builder module = side_module();
  module.start(module.function(none_to_none, wasm_code().global_get(2).i32_const(1).i32_add().global_set(2)));
  EXPECT_FALSE(can_start_again(module));
}

TEST(SecondStart, IsNotPossibleWhenOthersCanSetAVariable)
{
  wasm_builder module = side_module();
  module.export_entry("counter", extern_kind::global, 2);
  EXPECT_FALSE(can_start_again(module));
}

TEST(SecondStart, IsNotPossibleWhenOtherCodeDropsData)
{
  wasm_builder module = side_module();
  module.function(none_to_none, drop_data(), "drops");
  EXPECT_FALSE(can_start_again(module));
}

TEST(SecondStart, IsNotPossibleWithActiveData)
{
  wasm_builder module = side_module();
  module.active_data(wasm_code().i32_const(0), "x");
  EXPECT_FALSE(can_start_again(module));
}

/// Of defined function `index` of the instrumented module.
std::size_t count_of(std::uint32_t wanted, const instrumented_module& module, std::size_t index)
{
  const auto layout = read_layout(module.bytes);
  EXPECT_TRUE(layout) << layout.error().message();
  binary_reader in = body_reader(*layout, index);
  instruction_walker walker(in);
  std::size_t count = 0;
  for (instruction at; walker.next(at);) {
    count += at.opcode == wanted ? 1 : 0;
  }
  EXPECT_TRUE(in.ok());
  return count;
}

instrumented_module instrumented(const wasm_builder& module)
{
  const std::vector<std::byte> bytes = module.build();
  const auto info = read_module(bytes);
  EXPECT_TRUE(info) << info.error().message();
  auto made = instrument(bytes, *info, {});
  EXPECT_TRUE(made) << made.error().message();
  return std::move(*made);
}

TEST(SecondStart, FindsTheDataThatTheFirstHasCopied)
{
  wasm_builder module = side_module();
  module.start(module.function(none_to_none, copy_data().append(drop_data())));
  const instrumented_module made = instrumented(module);
  EXPECT_TRUE(made.can_start_again);
  EXPECT_EQ(count_of(opcode::data_drop, made, 0), 0U);
  EXPECT_EQ(count_of(opcode::memory_init, made, 0), 1U);
}

TEST(SecondStart, LeavesTheDropsOfAModuleThatHasNone)
{
  wasm_builder module = side_module();
  module.start(module.function(none_to_none, copy_data().append(drop_data())));
  module.function(none_to_none, drop_data(), "drops");
  const instrumented_module made = instrumented(module);
  EXPECT_FALSE(made.can_start_again);
  EXPECT_EQ(count_of(opcode::data_drop, made, 0), 1U);
}

} // namespace
} // namespace interlink

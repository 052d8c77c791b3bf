// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/code_facts.hh"

#include "tests/support/wasm_builder.hh"

#include <gtest/gtest.h>

#include "wasm/module_reader.hh"

namespace interlink {
namespace {

using support::wasm_builder;
using support::wasm_code;

using support::none_to_none;

/// The kind of the start function of a module whose start function is made of `code`.
initialiser_kind kind_of_start(wasm_builder& module, const wasm_code& code)
{
  module.start(module.function(none_to_none, code));
  const result<module_info> info = read_module(module.build());
  EXPECT_TRUE(info) << info.error().message();
  return info ? info->start : initialiser_kind::none;
}

/// What wasm-ld 22 puts into __wasm_init_memory, less its jumps.
wasm_code memory_initialiser()
{
  wasm_code code;
  code.i32_const(64).i32_const(0).i32_const(1).prefixed(0xfe, 0x48, {2, 0}).drop();
  code.i32_const(0).i32_const(0).i32_const(5).prefixed(0xfc, 8, {0, 0});
  code.i32_const(64).i32_const(2).prefixed(0xfe, 0x17, {2, 0});
  code.i32_const(64).i32_const(-1).prefixed(0xfe, 0, {2, 0}).drop();
  code.i32_const(64).i32_const(1).i64_const(-1).prefixed(0xfe, 1, {2, 0}).drop();
  return code;
}

TEST(Initialiser, IsNoneWithoutAStartSection)
{
  const result<module_info> info = read_module(wasm_builder().build());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->start, initialiser_kind::none);
}

TEST(Initialiser, IsClosedWhenItCallsOnlyClosedFunctions)
{
  wasm_builder module;
  const auto leaf = module.function(none_to_none, wasm_code().i32_const(1).drop());
  const auto middle = module.function(none_to_none, wasm_code().return_call(leaf));
  EXPECT_EQ(kind_of_start(module, wasm_code().call(middle)), initialiser_kind::closed);
}

TEST(Initialiser, IsClosedWhenItRecurses)
{
  wasm_builder module;
  EXPECT_EQ(kind_of_start(module, wasm_code().call(0)), initialiser_kind::closed);
}

TEST(Initialiser, IsOpenWhenACalleeCallsAnImport)
{
  wasm_builder module;
  const auto host = module.import_function("env", "host", none_to_none);
  const auto middle = module.function(none_to_none, wasm_code().call(host));
  EXPECT_EQ(kind_of_start(module, wasm_code().call(middle)), initialiser_kind::open);
}

TEST(Initialiser, IsOpenWhenItIsAnImport)
{
  wasm_builder module;
  module.start(module.import_function("env", "host", none_to_none));
  const result<module_info> info = read_module(module.build());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->start, initialiser_kind::open);
}

TEST(Initialiser, IsOpenWithAnyIndirectCall)
{
  const std::vector<wasm_code> indirect{
      wasm_code().i32_const(0).call_indirect(0), wasm_code().i32_const(0).return_call_indirect(0),
      wasm_code().raw({0xd2, 0x00, 0x14, 0x00}), wasm_code().raw({0xd2, 0x00, 0x15, 0x00}),
      wasm_code().i32_const(0).table_get(0).drop()};
  for (const wasm_code& code : indirect) {
    wasm_builder module;
    module.side_module_imports();
    EXPECT_EQ(kind_of_start(module, code), initialiser_kind::open);
  }
}

TEST(Initialiser, IsOpenWhenItThrows)
{
  wasm_builder module;
  module.import_tag("env", "tag", none_to_none);
  EXPECT_EQ(kind_of_start(module, wasm_code().raw({0x08, 0x00})), initialiser_kind::open);
}

TEST(Initialiser, IsClosedWhenItWaitsAsTheLinkersMemoryInitialiserDoes)
{
  wasm_builder module;
  module.side_module_imports();
  module.passive_data("hello");
  const auto initialise = module.function(none_to_none, memory_initialiser());
  EXPECT_EQ(kind_of_start(module, wasm_code().call(initialise)), initialiser_kind::closed);
}

TEST(Initialiser, IsOpenWhenItWaitsInAnotherWay)
{
  wasm_builder module;
  module.side_module_imports();
  EXPECT_EQ(kind_of_start(module, wasm_code().i32_const(0).i32_const(0).i64_const(-1).prefixed(0xfe, 1, {2, 0}).drop()),
            initialiser_kind::open);
}

TEST(Initialiser, IsOpenWhenTheMemoryInitialiserWaitsTwice)
{
  wasm_builder module;
  module.side_module_imports();
  module.passive_data("hello");
  EXPECT_EQ(kind_of_start(module, memory_initialiser().append(memory_initialiser())), initialiser_kind::open);
}

TEST(Initialiser, OfThreadLocalStorageIsFoundByItsExport)
{
  wasm_builder module;
  module.function({{wasm::i32}, {}}, {}, "__wasm_init_tls");
  const result<module_info> info = read_module(module.build());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->init_tls, initialiser_kind::closed);
}

TEST(Initialiser, OfDataRelocationsIsFoundByItsExport)
{
  wasm_builder module;
  const auto host = module.import_function("env", "host", none_to_none);
  module.function(none_to_none, wasm_code().call(host), "__wasm_apply_data_relocs");
  const result<module_info> info = read_module(module.build());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->data_relocations, initialiser_kind::open);
}

TEST(CodeFlags, SeeWaitsAndNotifies)
{
  for (const std::uint32_t number : {0U, 1U, 2U}) {
    wasm_builder module;
    module.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, number, {2, 0}).drop());
    const result<module_info> info = read_module(module.build());
    ASSERT_TRUE(info);
    EXPECT_TRUE(info->has_wait_or_notify);
  }
}

TEST(CodeFlags, DoNotTakeOtherAtomicsForWaits)
{
  wasm_builder module;
  module.function(none_to_none, wasm_code().raw({0xfe, 0x03, 0x00}).i32_const(0).prefixed(0xfe, 0x10, {2, 0}).drop());
  const result<module_info> info = read_module(module.build());
  ASSERT_TRUE(info);
  EXPECT_FALSE(info->has_wait_or_notify);
}

} // namespace
} // namespace interlink

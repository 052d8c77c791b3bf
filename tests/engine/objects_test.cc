// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/engine/fixture.hh"

#include <bit>
#include <malloc.h>

namespace interlink::engine {
namespace {

using Tables = EngineTest;
using Globals = EngineTest;
using Memories = EngineTest;

constexpr std::string_view seven_module = R"((module (func (export "seven") (result i32) i32.const 7)))";

TEST_F(Tables, StartWithNullElements)
{
  auto made = need(store_->make_table({wasm::funcref, {3, std::nullopt}}));
  EXPECT_EQ(store_->table_size(made), 3U);
  EXPECT_TRUE(is_null(store_->table_get(made, 0)));
}

TEST_F(Tables, KeepTheFunctionThatWasSet)
{
  auto made = need(store_->make_table({wasm::funcref, {3, std::nullopt}}));
  ASSERT_TRUE(store_->table_set(made, 2, guest(seven_module, "seven")));
  EXPECT_EQ(call_i32(store_->table_get(made, 2)), 7U);
}

TEST_F(Tables, ForgetAFunctionThatIsSetToNull)
{
  auto made = need(store_->make_table({wasm::funcref, {1, std::nullopt}}));
  ASSERT_TRUE(store_->table_set(made, 0, guest(seven_module, "seven")));
  ASSERT_TRUE(store_->table_set(made, 0, function{}));
  EXPECT_TRUE(is_null(store_->table_get(made, 0)));
}

TEST_F(Tables, GiveTheNullFunctionBeyondTheirEnd)
{
  auto made = need(store_->make_table({wasm::funcref, {1, std::nullopt}}));
  EXPECT_TRUE(is_null(store_->table_get(made, 1)));
  EXPECT_TRUE(is_null(store_->table_get(made, ~std::uint64_t{0})));
}

TEST_F(Tables, RefuseToSetBeyondTheirEnd)
{
  auto made = need(store_->make_table({wasm::funcref, {1, std::nullopt}}));
  auto refused = store_->table_set(made, 1, function{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
}

TEST_F(Tables, GrowByNullElementsAndTellTheSizeBefore)
{
  auto made = need(store_->make_table({wasm::funcref, {2, 10}}));
  EXPECT_EQ(store_->table_grow(made, 8), 2U);
  EXPECT_EQ(store_->table_size(made), 10U);
  EXPECT_TRUE(is_null(store_->table_get(made, 9)));
}

TEST_F(Tables, DoNotGrowBeyondTheirMaximum)
{
  auto made = need(store_->make_table({wasm::funcref, {2, 10}}));
  auto refused = store_->table_grow(made, 9);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::table_exhausted);
  EXPECT_EQ(store_->table_size(made), 2U);
}

TEST_F(Tables, DoNotGrowBeyondTheStoresLimit)
{
  store_limits limits;
  limits.table_elements = 100;
  auto limited = need(engine_->make_store(limits));
  auto made = need(limited->make_table({wasm::funcref, {2, std::nullopt}}));
  EXPECT_TRUE(limited->table_grow(made, 98));
  auto refused = limited->table_grow(made, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::table_exhausted);
}

TEST_F(Tables, OfExternalReferencesCanBeGrown)
{
  auto made = need(instantiate(R"((module (table (export "t") 1 externref)))"));
  EXPECT_EQ(store_->table_grow(exported<table>(made, "t"), 4), 1U);
}

TEST_F(Tables, ImportedWithALargerMinimumAreRefused)
{
  auto made = need(store_->make_table({wasm::funcref, {1, std::nullopt}}));
  auto refused = instantiate(R"((module (import "env" "t" (table 5 funcref))))", {made});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
}

TEST_F(Globals, KeepValuesOfEveryNumericType)
{
  for (const auto& type : {wasm::i32, wasm::i64, wasm::f32, wasm::f64, wasm::v128}) {
    auto made = need(store_->make_global({type, true}, value_slot{5, 0}));
    EXPECT_EQ(store_->global_get(made).low, 5U) << to_string(type);
    store_->global_set(made, value_slot{6, 0});
    EXPECT_EQ(store_->global_get(made).low, 6U) << to_string(type);
  }
}

std::vector<std::uint32_t> odd_numbers(std::size_t count)
{
  std::vector<std::uint32_t> numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    numbers[i] = static_cast<std::uint32_t>(2 * i + 1);
  }
  return numbers;
}

std::vector<std::uint32_t> values_of(store& in, const std::vector<global>& globals)
{
  std::vector<std::uint32_t> values;
  for (const global& each : globals) {
    values.push_back(in.global_get(each).i32());
  }
  return values;
}

TEST_F(Globals, MadeManyAtOnceHaveTheirValuesInOrder)
{
  for (const std::size_t count : {0U, 1U, 15U, 16U, 17U, 100U, 1024U, 1025U, 2100U}) {
    const auto numbers = odd_numbers(count);
    EXPECT_EQ(values_of(*store_, need(store_->make_i32_globals(numbers))), numbers) << count;
  }
}

TEST_F(Globals, MadeManyAtOnceAreOneByOneForTheGuest)
{
  auto made = need(store_->make_i32_globals(odd_numbers(40)));
  auto others = need(store_->make_i32_globals(odd_numbers(40)));
  auto run = guest(R"((module (import "env" "a" (global $a (mut i32))) (import "env" "b" (global $b (mut i32)))
                       (func (export "run") (result i32)
                         (global.set $a (i32.const 1000)) (global.get $b))))",
                   "run", {made[39], made[20]});
  store_->global_set(made[20], value_slot::of_i32(5));
  EXPECT_EQ(call_i32(run), 5U);
  auto expected = odd_numbers(40);
  EXPECT_EQ(values_of(*store_, others), expected);
  expected[20] = 5;
  expected[39] = 1000;
  EXPECT_EQ(values_of(*store_, made), expected);
}

TEST_F(Globals, MadeManyAtOnceNeedNoInstanceOfTheStoresLimit)
{
  store_limits limits;
  limits.instances = 0;
  auto limited = need(engine_->make_store(limits));
  const auto numbers = odd_numbers(40);
  EXPECT_EQ(values_of(*limited, need(limited->make_i32_globals(numbers))), numbers);
}

TEST_F(Globals, MadeManyAtOnceTakeNoMoreMemoryThanTheirInstance)
{
  // One by one, each takes more than 100 bytes.
  constexpr std::size_t count = 10'000;
  need(store_->make_i32_globals(odd_numbers(count))); // compiles what is compiled once
  const std::size_t before = mallinfo2().uordblks;
  need(store_->make_i32_globals(odd_numbers(count)));
  EXPECT_LT(mallinfo2().uordblks - before, 30 * count);
}

TEST_F(Globals, KeepTheUpperHalfOfAVector)
{
  auto made = need(store_->make_global({wasm::v128, true}, value_slot{1, 2}));
  EXPECT_EQ(store_->global_get(made).high, 2U);
}

TEST_F(Globals, AreTheSameObjectForHostAndGuest)
{
  auto made = need(store_->make_global({wasm::i32, true}, value_slot::of_i32(1)));
  auto run = guest(R"((module (import "env" "g" (global $g (mut i32)))
                       (func (export "run") (result i32)
                         (global.set $g (i32.add (global.get $g) (i32.const 10))) (global.get $g))))",
                   "run", {made});
  store_->global_set(made, value_slot::of_i32(5));
  EXPECT_EQ(call_i32(run), 15U);
  EXPECT_EQ(store_->global_get(made).i32(), 15U);
}

TEST_F(Globals, ExportedByAGuestCanBeSet)
{
  auto made = need(instantiate(R"((module (global (export "g") (mut f64) (f64.const 1.5))))"));
  auto g = exported<global>(made, "g");
  EXPECT_EQ(std::bit_cast<double>(store_->global_get(g).i64()), 1.5);
  store_->global_set(g, value_slot::of_i64(std::bit_cast<std::uint64_t>(2.5)));
  EXPECT_EQ(std::bit_cast<double>(store_->global_get(g).i64()), 2.5);
}

TEST_F(Globals, ThatAreImmutableKeepTheirValue)
{
  auto made = need(store_->make_global({wasm::i32, false}, value_slot::of_i32(1)));
  store_->global_set(made, value_slot::of_i32(2));
  EXPECT_EQ(store_->global_get(made).i32(), 1U);
}

TEST_F(Globals, OfFunctionReferencesMoveTheEnginesBits)
{
  auto made = need(instantiate(R"((module
      (func $seven (result i32) i32.const 7) (elem declare func $seven)
      (global (export "full") funcref (ref.func $seven))
      (global $other (export "other") (mut funcref) (ref.null func))
      (table $t 1 funcref)
      (func (export "run") (result i32)
        (table.set (i32.const 0) (global.get $other))
        (call_indirect (result i32) (i32.const 0)))))"));
  auto other = exported<global>(made, "other");
  EXPECT_EQ(store_->global_get(other).low, 0U);
  store_->global_set(other, store_->global_get(exported<global>(made, "full")));
  EXPECT_EQ(call_i32(exported<function>(made, "run")), 7U);
}

TEST_F(Globals, OfGarbageCollectedReferencesStartNull)
{
  for (const auto& type : {wasm::externref, wasm::exnref, value_type{0x63, -18}}) {
    auto made = need(store_->make_global({type, true}, {}));
    EXPECT_EQ(store_->global_get(made).low, 0U) << to_string(type);
  }
}

TEST_F(Globals, OfAModulesOwnTypeAreRefused)
{
  auto refused = store_->make_global({value_type{0x63, 3}, true}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
}

TEST_F(Memories, OfOneStoreGrowToTheirMaximum)
{
  memory_type type;
  type.size = {1, 3};
  auto made = need(store_->make_memory(type));
  EXPECT_EQ(store_->memory_data(made).size(), 65536U);
  EXPECT_EQ(store_->memory_grow(made, 2), 1U);
  EXPECT_EQ(store_->memory_data(made).size(), 3 * 65536U);
  auto refused = store_->memory_grow(made, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::memory_exhausted);
  EXPECT_NE(refused.error().message().find("its maximum is 3 pages"), std::string::npos);
}

TEST_F(Memories, ExportedByAGuestAreReadable)
{
  auto made = need(instantiate(R"((module (memory (export "m") 1) (data (i32.const 65535) "x")))"));
  EXPECT_EQ(store_->memory_data(exported<memory>(made, "m")).back(), std::byte{'x'});
}

TEST_F(Memories, WithAMinimumAboveTheirMaximumAreRefused)
{
  memory_type type;
  type.size = {3, 1};
  auto refused = store_->make_memory(type);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
}

TEST_F(Memories, ThatDoNotExistAreNotFound)
{
  EXPECT_FALSE(store_->find_export(need(instantiate("(module)")), "m"));
}

} // namespace
} // namespace interlink::engine

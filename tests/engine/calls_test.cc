// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/engine/fixture.hh"

#include <array>
#include <bit>

namespace interlink::engine {
namespace {

using Calls = EngineTest;
using HostFunctions = EngineTest;

TEST_F(Calls, PassEveryNumericType)
{
  auto run = guest(R"((module (func (export "run") (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)
                       local.get 4 local.get 3 local.get 2 local.get 1 local.get 0)))",
                   "run");
  std::array<value_slot, 5> values{value_slot::of_i32(0xffff'fffe), value_slot::of_i64(1ULL << 40),
                                   value_slot::of_i32(std::bit_cast<std::uint32_t>(1.5F)),
                                   value_slot::of_i64(std::bit_cast<std::uint64_t>(2.5)), value_slot{3, 4}};
  ASSERT_TRUE(store_->call(run, values));
  EXPECT_EQ(values[0].low, 3U);
  EXPECT_EQ(values[0].high, 4U);
  EXPECT_EQ(std::bit_cast<double>(values[1].i64()), 2.5);
  EXPECT_EQ(std::bit_cast<float>(values[2].i32()), 1.5F);
  EXPECT_EQ(values[3].i64(), 1ULL << 40);
  EXPECT_EQ(values[4].i32(), 0xffff'fffeU);
}

TEST_F(Calls, CarryFunctionReferencesAsTheEnginesBits)
{
  auto made = need(instantiate(R"((module
      (table (export "t") 2 funcref)
      (func $seven (export "seven") (result i32) i32.const 7)
      (func (export "give") (result funcref) ref.func $seven)
      (func (export "take") (param funcref) (table.set (i32.const 1) (local.get 0)))))"));
  std::array<value_slot, 1> values;
  ASSERT_TRUE(store_->call(exported<function>(made, "give"), values));
  EXPECT_NE(values[0].low, 0U);
  ASSERT_TRUE(store_->call(exported<function>(made, "take"), values));
  EXPECT_EQ(call_i32(store_->table_get(exported<table>(made, "t"), 1)), 7U);
}

TEST_F(Calls, TellTheTypeOfAFunction)
{
  auto run = guest(R"((module (func (export "run") (param i32 i64 v128 funcref) (result f32 externref)
                       unreachable)))",
                   "run");
  EXPECT_EQ(store_->type_of(run),
            (function_type{{wasm::i32, wasm::i64, wasm::v128, wasm::funcref}, {wasm::f32, wasm::externref}}));
}

TEST_F(HostFunctions, AnswerThroughTheSlotsOfTheirArguments)
{
  auto add = host(
      [](store&, std::span<value_slot> values) {
        values[0] = value_slot::of_i32(values[0].i32() + values[1].i32());
        return result<void>();
      },
      {{wasm::i32, wasm::i32}, {wasm::i32}});
  auto run = guest(R"((module (import "env" "add" (func $add (param i32 i32) (result i32)))
                       (func (export "run") (param i32) (result i32)
                         (call $add (local.get 0) (i32.const 30)))))",
                   "run", {add});
  EXPECT_EQ(call_i32(run, {value_slot::of_i32(12)}), 42U);
}

TEST_F(HostFunctions, HaveAsManySlotsAsTheLargerOfBothCounts)
{
  std::size_t seen = 0;
  auto wide = host(
      [&](store&, std::span<value_slot> values) {
        seen = values.size();
        return result<void>();
      },
      {{wasm::i32}, {wasm::i32, wasm::i32, wasm::i32}});
  std::array<value_slot, 3> values{};
  ASSERT_TRUE(store_->call(wide, values));
  EXPECT_EQ(seen, 3U);
}

TEST_F(HostFunctions, FindTheirOwnerInTheStore)
{
  int owner = 0;
  store_->owner = &owner;
  void* seen = nullptr;
  auto looking = host([&](store& caller, std::span<value_slot>) {
    seen = caller.owner;
    return result<void>();
  });
  ASSERT_TRUE(store_->call(looking, {}));
  EXPECT_EQ(seen, &owner);
}

TEST_F(HostFunctions, LiveAsLongAsTheirStore)
{
  auto witness = std::make_shared<int>(0);
  auto other = need(engine_->make_store({}));
  other->make_function(nullary_type, [witness](store&, std::span<value_slot>) { return result<void>(); });
  EXPECT_EQ(witness.use_count(), 2);
  other.reset();
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(HostFunctions, OfATypeThatNamesAModulesOwnAreNull)
{
  function_type concrete{{value_type{0x63, 0}}, {}};
  EXPECT_TRUE(is_null(store_->make_function(concrete, [](store&, std::span<value_slot>) { return result<void>(); })));
}

/// Calls its import with operands on the stack, then uses a table and a global that the import may have changed.
constexpr std::string_view interrupted_module = R"(
  (module
    (import "env" "host" (func $host (result i32)))
    (import "env" "table" (table $t 1 funcref))
    (import "env" "global" (global $g (mut i32)))
    (type $answer (func (result i32)))
    (func (export "run") (param i32) (result i32)
      (i32.add
        (i32.mul (local.get 0) (i32.const 1000))
        (i32.add
          (global.get $g)
          (call_indirect $t (type $answer) (call $host))))))
)";

constexpr std::string_view nine_module = R"((module (func (export "nine") (result i32) i32.const 9)))";

TEST_F(HostFunctions, MayInstantiateGrowAndFillTablesUnderARunningGuest)
{
  auto shared_table = need(store_->make_table({wasm::funcref, {1, std::nullopt}}));
  auto counter = need(store_->make_global({wasm::i32, true}, value_slot::of_i32(0)));
  auto nine = compile(nine_module);
  auto changing = host(
      [&](store& caller, std::span<value_slot> values) {
        auto made = need(caller.instantiate(*nine, {}));
        auto slot = need(caller.table_grow(shared_table, 1000)) + 999;
        need(caller.table_set(shared_table, slot, std::get<function>(*caller.find_export(made, "nine"))));
        caller.global_set(counter, value_slot::of_i32(50));
        values[0] = value_slot::of_i32(static_cast<std::uint32_t>(slot));
        return result<void>();
      },
      {{}, {wasm::i32}});
  auto run = guest(interrupted_module, "run", {changing, shared_table, counter});
  // The global is read before the import changes it, the table after it has moved.
  EXPECT_EQ(call_i32(run, {value_slot::of_i32(3)}), 3009U);
  EXPECT_EQ(call_i32(run, {value_slot::of_i32(4)}), 4059U);
}

TEST_F(HostFunctions, NestDeeply)
{
  function run;
  auto descend = host(
      [&](store& caller, std::span<value_slot> values) -> result<void> {
        if (values[0].i32() == 0) {
          return {};
        }
        values[0] = value_slot::of_i32(values[0].i32() - 1);
        auto done = caller.call(run, values);
        values[0] = value_slot::of_i32(values[0].i32() + 2);
        return done;
      },
      i32_to_i32_type);
  run = guest(R"((module (import "env" "host" (func $h (param i32) (result i32)))
                  (func (export "run") (param i32) (result i32)
                    (i32.add (call $h (local.get 0)) (i32.const 1)))))",
              "run", {descend});
  EXPECT_EQ(call_i32(run, {value_slot::of_i32(100)}), 301U);
}

} // namespace
} // namespace interlink::engine

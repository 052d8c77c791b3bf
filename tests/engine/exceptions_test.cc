// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/engine/fixture.hh"

#include <array>
#include <optional>

namespace interlink::engine {
namespace {

class Exceptions : public EngineTest {
protected:
  tag tag_ = need(store_->make_tag({{{wasm::i32}, {}}}));

  /// Throws the value that it is given.
  function thrower()
  {
    return guest(R"((module (import "env" "e" (tag $e (param i32)))
                     (func (export "run") (param i32) (throw $e (local.get 0)))))",
                 "run", {tag_});
  }

  /// Calls its import with 7 and answers what it caught, or 0.
  function catcher(const function& callee)
  {
    return guest(R"((module (import "env" "e" (tag $e (param i32))) (import "env" "f" (func $f (param i32)))
                     (func (export "run") (result i32)
                       (block $caught (result i32)
                         (try_table (catch $e $caught) (call $f (i32.const 7)))
                         (i32.const 0)))))",
                 "run", {tag_, callee});
  }

  /// A host function that calls `callee` with its own argument and hands its error on.
  function through(const function& callee)
  {
    return host([callee](store& caller, std::span<value_slot> values) { return caller.call(callee, values); },
                {{wasm::i32}, {}});
  }
};

TEST_F(Exceptions, PassBetweenModules)
{
  EXPECT_EQ(call_i32(catcher(thrower())), 7U);
}

TEST_F(Exceptions, ThatNobodyCatchesAreGuestThrew)
{
  auto got = call_i32(thrower(), {value_slot::of_i32(1)});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::guest_threw);
  EXPECT_TRUE(got.error().detail().trap);
}

TEST_F(Exceptions, InAStartFunctionAreGuestThrew)
{
  auto got = instantiate(R"((module (import "env" "e" (tag $e (param i32)))
                             (func $s (throw $e (i32.const 1))) (start $s)))",
                         {tag_});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::guest_threw);
}

TEST_F(Exceptions, LeaveTheStoreUsable)
{
  auto throwing = thrower();
  auto catching = catcher(throwing);
  EXPECT_FALSE(call_i32(throwing, {value_slot::of_i32(1)}));
  EXPECT_EQ(call_i32(catching), 7U);
}

TEST_F(Exceptions, ArriveAtTheNestedCallAndSpareTheOuterFrames)
{
  auto throwing = thrower();
  std::optional<errc> seen;
  auto swallowing = host(
      [&](store& caller, std::span<value_slot> values) {
        auto got = caller.call(throwing, values);
        seen = got ? std::nullopt : std::optional(got.error().code());
        return result<void>();
      },
      {{wasm::i32}, {}});
  EXPECT_EQ(call_i32(catcher(swallowing)), 0U);
  EXPECT_EQ(seen, errc::guest_threw);
}

TEST_F(Exceptions, ThatAHostFunctionHandsOnAreCaughtByItsCaller)
{
  EXPECT_EQ(call_i32(catcher(through(thrower()))), 7U);
}

TEST_F(Exceptions, ThatTwoHostFunctionsHandOnAreCaughtByTheOutermostGuest)
{
  auto relay = guest(R"((module (import "env" "f" (func $f (param i32)))
                         (func (export "run") (param i32) (call $f (local.get 0)))))",
                     "run", {through(thrower())});
  EXPECT_EQ(call_i32(catcher(through(relay))), 7U);
}

TEST_F(Exceptions, ThatAHostFunctionHandsOnUncaughtAreGuestThrew)
{
  auto relay = guest(R"((module (import "env" "f" (func $f (param i32)))
                         (func (export "run") (call $f (i32.const 1)))))",
                     "run", {through(thrower())});
  auto got = store_->call(relay, {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::guest_threw);
}

TEST_F(Exceptions, ThatAHostFunctionReplacesByAnErrorAreGone)
{
  auto throwing = thrower();
  auto replacing = host(
      [&](store& caller, std::span<value_slot> values) -> result<void> {
        (void)caller.call(throwing, values);
        return fail(errc::guest_exited, "exit");
      },
      {{wasm::i32}, {}});
  auto got = call_i32(catcher(replacing));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::guest_exited);
}

TEST_F(Exceptions, ByTheHundredThousandDoNotFillTheStore)
{
  // The engine's heap of exceptions is bounded like a memory: kept ones would soon be too many.
  store_limits limits;
  limits.memory_bytes = 1U << 20;
  auto small = need(engine_->make_store(limits));
  std::array<extern_value, 1> imports{need(small->make_tag({}))};
  auto module = compile(R"((module (import "env" "e" (tag $e)) (func (export "run") (throw $e))))");
  auto run = std::get<function>(*small->find_export(need(small->instantiate(*module, imports)), "run"));
  for (int i = 0; i < 100'000; ++i) {
    auto got = small->call(run, {});
    ASSERT_FALSE(got);
    ASSERT_EQ(got.error().code(), errc::guest_threw) << i << ": " << got.error().message();
  }
}

} // namespace
} // namespace interlink::engine

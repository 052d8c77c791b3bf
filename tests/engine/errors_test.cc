// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/engine/fixture.hh"

#include <optional>
#include <string>

namespace interlink::engine {
namespace {

using Traps = EngineTest;
using HostErrors = EngineTest;
using Backtrace = EngineTest;

constexpr std::string_view trapping_module = R"(
  (module $shop
    (func $inner unreachable)
    (func $outer (export "run") call $inner nop))
)";

std::vector<std::string> names_of(const std::vector<guest_frame>& frames)
{
  std::vector<std::string> names;
  for (const auto& frame : frames) {
    names.push_back(frame.module_name + "." + frame.function_name);
  }
  return names;
}

TEST_F(Traps, CarryTheEnginesTextWithoutItsBacktrace)
{
  auto trapped = store_->call(guest(trapping_module, "run"), {});
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().code(), errc::guest_trapped);
  ASSERT_TRUE(trapped.error().detail().trap);
  EXPECT_EQ(trapped.error().detail().trap->message, "wasm trap: wasm `unreachable` instruction executed");
}

TEST_F(Traps, NameTheFunctionsOnTheStackInnermostFirst)
{
  auto trapped = store_->call(guest(trapping_module, "run"), {});
  ASSERT_FALSE(trapped);
  EXPECT_EQ(names_of(trapped.error().detail().trap->frames), (std::vector<std::string>{"shop.inner", "shop.outer"}));
}

TEST_F(Traps, TellFunctionIndexAndModuleOffset)
{
  auto trapped = store_->call(guest(trapping_module, "run"), {});
  ASSERT_FALSE(trapped);
  const auto& frames = trapped.error().detail().trap->frames;
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].function_index, 0U);
  EXPECT_EQ(frames[1].function_index, 1U);
  EXPECT_GT(frames[0].module_offset, 8U);
  EXPECT_GT(frames[1].module_offset, frames[0].module_offset);
}

TEST_F(Traps, ReportACallThroughANullElement)
{
  auto trapped = store_->call(
      guest(R"((module (table 1 funcref) (func (export "run") (call_indirect (i32.const 0)))))", "run"), {});
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().detail().trap->message, "wasm trap: uninitialized element");
}

TEST_F(Traps, ReportAnExhaustedStack)
{
  auto trapped = store_->call(guest(R"((module (func $f (export "run") call $f nop)))", "run"), {});
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().code(), errc::guest_trapped);
  EXPECT_EQ(trapped.error().detail().trap->message, "wasm trap: call stack exhausted");
}

TEST_F(Traps, LeaveTheStoreUsable)
{
  auto made = need(instantiate(R"((module (func (export "bad") unreachable)
                                          (func (export "good") (result i32) i32.const 5)))"));
  EXPECT_FALSE(store_->call(exported<function>(made, "bad"), {}));
  EXPECT_EQ(call_i32(exported<function>(made, "good")), 5U);
}

TEST_F(Traps, InAStartFunctionComeOutOfInstantiate)
{
  auto trapped = instantiate("(module (func $s unreachable) (start $s))");
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().code(), errc::guest_trapped);
}

TEST_F(Traps, InAnActiveSegmentComeOutOfInstantiate)
{
  auto trapped = instantiate(R"((module (memory 1) (data (i32.const 65536) "x")))");
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().code(), errc::guest_trapped);
}

TEST_F(Traps, OfANullCalleeIsAnInvalidArgument)
{
  auto refused = store_->call(function{}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
}

error exit_with(std::uint32_t code)
{
  error_detail detail;
  detail.exit_code = code;
  return {errc::guest_exited, std::move(detail)};
}

constexpr std::string_view calling_module = R"(
  (module $caller
    (import "env" "host" (func $host))
    (func (export "run") call $host))
)";

TEST_F(HostErrors, ComeOutOfTheCallUnchanged)
{
  auto raised = exit_with(42);
  auto failing = host([&](store&, std::span<value_slot>) -> result<void> { return fail(raised); });
  auto got = store_->call(guest(calling_module, "run", {failing}), {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::guest_exited);
  EXPECT_EQ(&got.error().detail(), &raised.detail());
}

TEST_F(HostErrors, ComeOutOfInstantiateUnchanged)
{
  auto raised = exit_with(43);
  auto failing = host([&](store&, std::span<value_slot>) -> result<void> { return fail(raised); });
  auto got = instantiate(R"((module (import "env" "host" (func $h)) (start $h)))", {failing});
  ASSERT_FALSE(got);
  EXPECT_EQ(&got.error().detail(), &raised.detail());
}

TEST_F(HostErrors, GainTheGuestsBacktrace)
{
  auto failing = host(
      [](store&, std::span<value_slot>) -> result<void> { return fail(errc::symbol_not_found, "no such symbol"); });
  auto got = store_->call(guest(calling_module, "run", {failing}), {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::symbol_not_found);
  EXPECT_EQ(got.error().detail().message, "no such symbol");
  ASSERT_TRUE(got.error().detail().trap);
  ASSERT_EQ(got.error().detail().trap->frames.size(), 1U);
  EXPECT_EQ(got.error().detail().trap->frames[0].module_name, "caller");
}

TEST_F(HostErrors, PassNestedCallsThatHandThemOn)
{
  auto raised = exit_with(44);
  auto failing = host([&](store&, std::span<value_slot>) -> result<void> { return fail(raised); });
  auto inner = guest(calling_module, "run", {failing});
  auto middle = host([&](store& caller, std::span<value_slot>) { return caller.call(inner, {}); });
  auto got = store_->call(guest(calling_module, "run", {middle}), {});
  ASSERT_FALSE(got);
  EXPECT_EQ(&got.error().detail(), &raised.detail());
}

TEST_F(HostErrors, EndAtTheNestedCallThatSwallowsThem)
{
  auto failing = host([](store&, std::span<value_slot>) -> result<void> { return fail(exit_with(45)); });
  auto inner = guest(calling_module, "run", {failing});
  std::optional<error> swallowed;
  auto middle = host([&](store& caller, std::span<value_slot>) {
    auto got = caller.call(inner, {});
    swallowed = got ? std::nullopt : std::optional(got.error());
    return result<void>();
  });
  EXPECT_TRUE(store_->call(guest(calling_module, "run", {middle}), {}));
  ASSERT_TRUE(swallowed);
  EXPECT_EQ(swallowed->detail().exit_code, 45U);
}

TEST_F(HostErrors, AfterASwallowedOneAreTheirOwn)
{
  auto failing = host([](store&, std::span<value_slot>) -> result<void> { return fail(exit_with(1)); });
  auto inner = guest(calling_module, "run", {failing});
  auto middle = host([&](store& caller, std::span<value_slot>) -> result<void> {
    (void)caller.call(inner, {});
    return fail(exit_with(2));
  });
  auto got = store_->call(guest(calling_module, "run", {middle}), {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().detail().exit_code, 2U);
}

TEST_F(HostErrors, AfterANestedTrapAreTheirOwn)
{
  auto inner = guest(trapping_module, "run");
  auto middle = host([&](store& caller, std::span<value_slot>) -> result<void> {
    (void)caller.call(inner, {});
    return fail(exit_with(3));
  });
  auto got = store_->call(guest(calling_module, "run", {middle}), {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::guest_exited);
}

TEST_F(HostErrors, OfAHostFunctionCalledDirectlyComeOut)
{
  auto failing = host([](store&, std::span<value_slot>) -> result<void> { return fail(exit_with(46)); });
  auto got = store_->call(failing, {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().detail().exit_code, 46U);
}

TEST_F(Backtrace, InsideAHostFunctionTellsAllGuestFrames)
{
  std::vector<guest_frame> frames;
  auto looking = host([&](store& caller, std::span<value_slot>) {
    frames = caller.backtrace();
    return result<void>();
  });
  auto inner =
      guest(R"((module $in (import "env" "host" (func $h)) (func $f (export "run") call $h)))", "run", {looking});
  auto middle = host([&](store& caller, std::span<value_slot>) { return caller.call(inner, {}); });
  auto outer =
      guest(R"((module $out (import "env" "host" (func $h)) (func $g (export "run") call $h)))", "run", {middle});
  ASSERT_TRUE(store_->call(outer, {}));
  EXPECT_EQ(names_of(frames), (std::vector<std::string>{"in.f", "out.g"}));
}

TEST_F(Backtrace, LeavesTheGuestRunning)
{
  auto looking = host(
      [&](store& caller, std::span<value_slot> values) {
        values[0] = value_slot::of_i32(values[0].i32() + static_cast<std::uint32_t>(caller.backtrace().size()));
        return result<void>();
      },
      i32_to_i32_type);
  auto run = guest(R"((module (import "env" "host" (func $h (param i32) (result i32)))
                       (func (export "run") (result i32)
                         (i32.add (i32.const 100) (call $h (call $h (i32.const 10)))))))",
                   "run", {looking});
  EXPECT_EQ(call_i32(run), 112U);
}

TEST_F(Backtrace, OutsideOfCallsIsEmpty)
{
  EXPECT_TRUE(store_->backtrace().empty());
}

} // namespace
} // namespace interlink::engine

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions that the embedder adds by module and name, in every group; and what a program gets that asks for others.
#include "tests/scenarios/support/guest_process.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

guest_options with_add()
{
  guest_options options;
  options.functions.add("embedder", "add", {{wasm::i32, wasm::i32}, {wasm::i32}},
                        [](instance_group&, std::span<engine::value_slot> values) -> result<void> {
                          values[0] = engine::value_slot::of_i32(values[0].i32() + values[1].i32());
                          return {};
                        });
  return options;
}

TEST(EmbedderFunction, IsCalledByTheGuest)
{
  guest_process guest("bare_main", with_add());
  ASSERT_FALSE(guest.refusal()) << guest.refusal()->message();
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto sum = guest.call(*first, "bare_add_by_host", {40, 2});
  ASSERT_TRUE(sum) << sum.error().message();
  EXPECT_EQ(*sum, std::vector<guest_value>{42});
}

TEST(EmbedderFunction, IsThereInAGroupMadeLater)
{
  guest_process guest("bare_main", with_add());
  ASSERT_TRUE(guest.start());
  const auto second = guest.spawn_group();
  ASSERT_TRUE(second) << second.error().message();
  const auto sum = guest.call(*second, "bare_add_by_host", {1, 2});
  ASSERT_TRUE(sum) << sum.error().message();
  EXPECT_EQ(*sum, std::vector<guest_value>{3});
}

TEST(EmbedderFunction, HasOneAddressUnderAllItsNames)
{
  guest_options options = with_add();
  options.functions.add("env", "embedder_twice", {{wasm::i32}, {wasm::i32}},
                        [](instance_group&, std::span<engine::value_slot> values) -> result<void> {
                          values[0] = engine::value_slot::of_i32(2 * values[0].i32());
                          return {};
                        });
  guest_process guest("bare_main", std::move(options));
  const auto before = guest.start();
  ASSERT_TRUE(before) << before.error().message();
  const auto follower = guest.spawn_group();
  ASSERT_TRUE(follower) << follower.error().message();
  const auto opened = guest.open(*before, "libtakes_host_addresses.so");
  ASSERT_TRUE(opened) << opened.error().message();
  const auto newcomer = guest.spawn_group();
  ASSERT_TRUE(newcomer) << newcomer.error().message();
  for (const group& each : {*before, *follower, *newcomer}) {
    const auto is_one = guest.call(each, "has_one_address", {}, *opened);
    ASSERT_TRUE(is_one) << is_one.error().message();
    EXPECT_EQ(*is_one, std::vector<guest_value>{1});
    const auto doubled = guest.call(each, "call_by_address", {21}, *opened);
    ASSERT_TRUE(doubled) << doubled.error().message();
    EXPECT_EQ(*doubled, std::vector<guest_value>{42});
  }
}

TEST(EmbedderFunction, IsNamedWithItsTypeWhenItIsMissing)
{
  guest_process guest("bare_main");
  const auto first = guest.refusal() ? result<group>(fail(*guest.refusal())) : guest.start();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code(), errc::unknown_import);
  const std::string text = first.error().message();
  for (const char* word : {"bare_main", "embedder", "add", "(func (param i32 i32) (result i32))"}) {
    EXPECT_NE(text.find(word), std::string::npos) << text;
  }
}

TEST(EmbedderFunction, EndsTheProcessWithItsErrorAndABacktrace)
{
  guest_options options;
  options.functions.add("embedder", "add", {{wasm::i32, wasm::i32}, {wasm::i32}},
                        [](instance_group&, std::span<engine::value_slot>) -> result<void> {
                          return fail(errc::guest_trapped, "the embedder says no");
                        });
  guest_process guest("bare_main", std::move(options));
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto sum = guest.call(*first, "bare_add_by_host", {40, 2});
  ASSERT_FALSE(sum);
  EXPECT_NE(sum.error().message().find("the embedder says no"), std::string::npos);
  ASSERT_TRUE(sum.error().detail().trap);
  EXPECT_EQ(sum.error().detail().trap->frames.at(0).function_name, "bare_add_by_host");
}

} // namespace
} // namespace interlink

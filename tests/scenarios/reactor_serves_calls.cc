// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs without a main: initialised, then called by the embedder, in one group or several.
#include "tests/scenarios/support/guest_process.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

using values = std::vector<guest_value>;

TEST(StaticReactor, IsInitialisedBeforeItServesCalls)
{
  guest_process guest("static_reactor");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(guest.call(*first, "reactor_initialized", {}), values{1});
  EXPECT_EQ(guest.call(*first, "reactor_add", {40, 2}), values{42});
}

TEST(Reactor, OpensALibraryThatTheEmbedderThenCalls)
{
  guest_process guest("embedded");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(guest.call(*first, "embedded_open_and_add", {40, 2}), values{42});
  const auto plain = guest.open(*first, "./libplain.so");
  ASSERT_TRUE(plain) << plain.error().message();
  EXPECT_EQ(guest.call(*first, "plain_add", {1, 2}, *plain), values{3});
}

TEST(Reactor, HasThreadLocalVariablesInEachGroup)
{
  guest_process guest("embedded");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto second = guest.spawn_group();
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(guest.call(*first, "embedded_count_here", {}), values{1});
  EXPECT_EQ(guest.call(*second, "embedded_count_here", {}), values{1});
  EXPECT_EQ(guest.call(*first, "embedded_count_here", {}), values{2});
}

TEST(Reactor, CallsInAGroupWhatAnotherGroupOpened)
{
  guest_process guest("embedded");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto second = guest.spawn_group();
  ASSERT_TRUE(second) << second.error().message();
  const auto plain = guest.open(*first, "./libplain.so");
  ASSERT_TRUE(plain) << plain.error().message();
  EXPECT_EQ(guest.call(*second, "plain_add", {40, 2}, *plain), values{42});
}

TEST(Reactor, EndsWhenACallTraps)
{
  guest_process guest("embedded");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto trapped = guest.call(*first, "embedded_trap", {});
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().code(), errc::guest_trapped);
  EXPECT_EQ(guest.core().wait_for_end().exit_code, exit_code_of_trap);
}

} // namespace
} // namespace interlink

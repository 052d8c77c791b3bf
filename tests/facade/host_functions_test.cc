// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of the embedder's: what their failures, their exceptions and their waits do to the guest and to the host.
#include "groups/instance_group.hh"
#include "tests/facade/embedding.hh"

#include <gtest/gtest.h>

#include <mutex>
#include <stdexcept>

namespace interlink {
namespace {

using namespace test;

using values = std::vector<guest_value>;

host_registry answering(host_call answers)
{
  host_registry functions;
  functions.add("embedder", "answers", {{wasm::i32}, {wasm::i32}}, std::move(answers));
  return functions;
}

/// Refuses 0, answers everything else with itself.
result<void> refuses_zero(instance_group&, std::span<engine::value_slot> arguments)
{
  return arguments[0].i32() == 0 ? fail(errc::invalid_argument, "no answer to 0") : result<void>{};
}

/// `function` fails so often that its frames would fill a stack of 8 MiB, and then still has its stack.
void expect_the_stack_to_last(const std::string& function, int failures)
{
  embedding guest("calls_host", {}, answering(refuses_zero));
  auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto called = guest.find(*first, function);
  ASSERT_TRUE(called) << called.error().message();
  for (int i = 0; i < failures; ++i) {
    const auto failed = await(first->async_call(*called, {0}, asio::use_future));
    ASSERT_FALSE(failed);
    ASSERT_EQ(failed.error().code(), errc::invalid_argument) << i << ": " << failed.error().message();
  }
  EXPECT_EQ(await(first->async_call(*called, {41}, asio::use_future)), values{42});
}

TEST(FacadeHostFunction, ThatFailsLeavesTheGuestsStackAsItWas)
{
  expect_the_stack_to_last("calls_host", 5000);
}

TEST(FacadeHostFunction, ThatFailsLeavesTheGuestsStackAsItWasBelowALargeFrame)
{
  expect_the_stack_to_last("calls_host_from_a_large_frame", 300);
}

TEST(FacadeHostFunction, SeesAStackPointerThatWentThroughZero)
{
  embedding guest("calls_host", {}, answering(refuses_zero));
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto overflown = guest.call(*first, "yields_from_beyond_the_stack", {});
  ASSERT_FALSE(overflown);
  EXPECT_EQ(overflown.error().code(), errc::guest_trapped);
  EXPECT_TRUE(overflown.error().message().contains("stack overflow")) << overflown.error().message();
}

TEST(FacadeHostFunction, ThatThrowsIsATrapWithTheExceptionsText)
{
  embedding guest("calls_host", {}, answering([](instance_group&, std::span<engine::value_slot>) -> result<void> {
                    throw std::runtime_error("the database is gone");
                  }));
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto thrown = guest.call(*first, "calls_host", {1});
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code(), errc::guest_trapped);
  EXPECT_EQ(thrown.error().message(), "host function embedder.answers threw: the database is gone");
  ASSERT_TRUE(thrown.error().detail().trap);
  ASSERT_FALSE(thrown.error().detail().trap->frames.empty());
  EXPECT_EQ(thrown.error().detail().trap->frames[0].function_name, "calls_host");
}

TEST(FacadeHostFunction, MayThrowAnything)
{
  embedding guest("calls_host", {},
                  answering([](instance_group&, std::span<engine::value_slot>) -> result<void> { throw 7; }));
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto thrown = guest.call(*first, "calls_host", {1});
  ASSERT_FALSE(thrown);
  EXPECT_TRUE(thrown.error().message().contains("threw: something that is no std::exception"));
}

TEST(FacadeHostFunction, ThatWaitsForItsOwnGroupIsReportedByTheWatchdog)
{
  std::promise<std::string> reported;
  std::shared_future<std::string> report = reported.get_future().share();
  std::once_flag first_report;
  process_options options;
  options.watchdog = std::chrono::milliseconds(20);
  options.report = [&](const std::string& text) {
    std::call_once(first_report, [&] { reported.set_value(text); });
  };
  std::optional<group> own;
  std::optional<function> called;
  std::future<result<values>> nested;
  const auto waits = [&](instance_group&, std::span<engine::value_slot> arguments) -> result<void> {
    if (arguments[0].i32() != 0) {
      nested = own->async_call(*called, {0}, asio::use_future);
      report.wait_for(facade_deadline); // as if for `nested`, which cannot come
    }
    return {};
  };
  embedding guest("calls_host", {}, answering(waits), options);
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  own.emplace(*first);
  const auto found = guest.find(*first, "calls_host");
  ASSERT_TRUE(found);
  called.emplace(*found);
  EXPECT_EQ(guest.call(*first, "calls_host", {41}), values{42});
  EXPECT_EQ(await(std::move(nested)), values{1});
  ASSERT_EQ(report.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_TRUE(report.get().contains("thread 1 has been in host function embedder.answers for")) << report.get();
  EXPECT_TRUE(report.get().contains("1 of the embedder's operations on its group waits")) << report.get();
  own.reset();
  called.reset();
}

TEST(FacadeHandle, OfOneProcessIsRefusedInAnother)
{
  embedding left("calls_host", {}, answering(refuses_zero));
  embedding right("computes", left);
  const auto first = left.start();
  auto other = right.start();
  ASSERT_TRUE(first && other);
  const auto found = left.find(*first, "calls_host");
  ASSERT_TRUE(found);
  const auto called = await(other->async_call(*found, {1}, asio::use_future));
  ASSERT_FALSE(called);
  EXPECT_EQ(called.error().code(), errc::invalid_argument);
  for (const std::string part : {"function calls_host is of another process", "calls_host.wasm", "computes.wasm"}) {
    EXPECT_TRUE(called.error().message().contains(part)) << called.error().message();
  }
  const library of_left{main_handle, found->process};
  EXPECT_FALSE(await(other->async_find_symbol(of_left, "computes_add", asio::use_future)));
}

} // namespace
} // namespace interlink

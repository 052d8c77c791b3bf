// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What calls through the facade answer: values, type errors, a full mailbox, a trap, an end.
#include "tests/facade/embedding.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

using values = std::vector<guest_value>;

TEST(FacadeCall, ReturnsWhatTheFunctionReturns)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(guest.call(*first, "computes_add", {40, 2}), values{42});
}

TEST(FacadeCall, NamesBothTypesWhenAnArgumentIsOfAnotherType)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto refused = guest.call(*first, "computes_add", {1, 2.0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::symbol_type_mismatch);
  EXPECT_EQ(refused.error().detail().expected, "(func (param i32 i32) (result i32))");
  EXPECT_EQ(refused.error().detail().found, "(func (param i32 f64) (result i32))");
}

TEST(FacadeCall, NamesBothTypesWhenAnArgumentIsMissing)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto refused = guest.call(*first, "computes_add", {1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::symbol_type_mismatch);
  EXPECT_EQ(refused.error().detail().found, "(func (param i32) (result i32))");
}

TEST(FacadeCall, LeavesTheGroupServingAfterATypeError)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  ASSERT_FALSE(guest.call(*first, "computes_add", {}));
  EXPECT_EQ(guest.call(*first, "computes_add", {1, 2}), values{3});
}

TEST(FacadeCall, RefusesASlotThatHoldsNoFunction)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  group in = *first;
  const auto refused = await(in.async_call(function{table_index{1'000'000}, {}, {}}, {}, asio::use_future));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
}

TEST(FacadeCall, CallsAFunctionOfALibraryThatItOpened)
{
  embedding guest("embedded");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  group in = *first;
  const auto plain = await(in.async_open("./libplain.so", open_flag::now, asio::use_future));
  ASSERT_TRUE(plain) << plain.error().message();
  const auto add = await(in.async_find_symbol(*plain, "plain_add", asio::use_future));
  ASSERT_TRUE(add) << add.error().message();
  EXPECT_EQ(to_string(add->type), "(func (param i32 i32) (result i32))");
  EXPECT_EQ(await(in.async_call(*add, {40, 2}, asio::use_future)), values{42});
}

TEST(FacadeCall, ClosesALibraryOnceForEachOpen)
{
  embedding guest("embedded");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  group in = *first;
  const auto plain = await(in.async_open("./libplain.so", open_flag::now, asio::use_future));
  ASSERT_TRUE(plain) << plain.error().message();
  const auto again = await(in.async_open("./libplain.so", open_flag::now | open_flag::reload, asio::use_future));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->handle, plain->handle); // the file is the same
  EXPECT_TRUE(await(in.async_close(*plain, asio::use_future)));
  EXPECT_TRUE(await(in.async_find_symbol(*plain, "plain_add", asio::use_future)));
  EXPECT_TRUE(await(in.async_close(*plain, asio::use_future)));
  EXPECT_EQ(await(in.async_find_symbol(*plain, "plain_add", asio::use_future)).error().code(), errc::invalid_handle);
  EXPECT_EQ(await(in.async_close(*plain, asio::use_future)).error().code(), errc::invalid_handle);
}

TEST(FacadeCall, RefusesDataAsAFunction)
{
  embedding guest("embedded");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  group in = *first;
  const auto plain = await(in.async_open("./libplain.so", open_flag::now, asio::use_future));
  ASSERT_TRUE(plain) << plain.error().message();
  const auto refused = await(in.async_find_symbol(*plain, "plain_value", asio::use_future));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::symbol_type_mismatch);
}

TEST(FacadeCall, FindsTheMailboxOfABusyGroupFullAfter1024Calls)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  group in = *first;
  const auto add = guest.find(in, "computes_add");
  ASSERT_TRUE(add) << add.error().message();
  const auto busy = computing_call::start(guest, in);
  ASSERT_TRUE(busy);
  std::vector<std::future<result<values>>> waiting;
  for (std::int32_t i = 0; i < 1024; ++i) {
    waiting.push_back(in.async_call(*add, {i, 1}, asio::use_future));
  }
  const auto refused = await(in.async_call(*add, {1, 2}, asio::use_future));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::mailbox_full);
  busy->tell_to_return();
  for (std::int32_t i = 0; i < 1024; ++i) {
    ASSERT_EQ(await(std::move(waiting[static_cast<std::size_t>(i)])), values{i + 1});
  }
}

TEST(FacadeCall, FailsWithStoppingOnceTheProcessHasEnded)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  group in = *first;
  const auto add = guest.find(in, "computes_add");
  ASSERT_TRUE(add) << add.error().message();
  ASSERT_TRUE(guest.stop(facade_deadline));
  const auto refused = await(in.async_call(*add, {1, 2}, asio::use_future));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::stopping);
}

TEST(FacadeCall, FailsWithTheTrapOfItsFunction)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto trapped = guest.call(*first, "computes_trap", {});
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().code(), errc::guest_trapped);
  ASSERT_TRUE(trapped.error().detail().trap);
  EXPECT_EQ(trapped.error().detail().trap->frames.at(0).function_name, "computes_trap");
}

TEST(FacadeCall, EndsTheProcessWith134WhenItTraps)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  ASSERT_FALSE(guest.call(*first, "computes_trap", {}));
  const process_outcome outcome = guest.program().wait();
  EXPECT_EQ(outcome.exit_code, 134U);
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->code(), errc::guest_trapped);
}

} // namespace
} // namespace interlink

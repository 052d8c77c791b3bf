// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cancellation of the embedder's operations, by asio's slots: what each kind ends, and that every operation completes
// once.
#include "tests/facade/embedding.hh"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>

namespace interlink {
namespace {

using namespace test;

using values = std::vector<guest_value>;

/// A started program, and a context of the test's own thread, which cancels and completes.
class FacadeCancellation : public testing::Test {
protected:
  FacadeCancellation() : guest("computes")
  {
    if (auto started = guest.start()) {
      first.emplace(*started);
      if (auto found = guest.find(*first, "computes_add")) {
        add.emplace(*found);
      }
    }
  }

  /// A completion handler that keeps the outcome and counts how often it is called.
  template <class T>
  auto keep(std::optional<result<T>>& into)
  {
    return asio::bind_cancellation_slot(signal.slot(),
                                        asio::bind_executor(context.get_executor(), [this, &into](result<T> outcome) {
                                          ++completions;
                                          into = std::move(outcome);
                                        }));
  }

  /// Serves the context until the handler has been called, and then all that is left.
  template <class T>
  bool await_completion(const std::optional<result<T>>& outcome)
  {
    context.restart();
    return comes_true([&] {
      context.poll();
      return outcome.has_value();
    });
  }

  embedding guest;
  std::optional<group> first;
  std::optional<function> add;
  asio::io_context context;
  asio::cancellation_signal signal;
  std::optional<result<values>> computed;
  int completions = 0;
};

TEST_F(FacadeCancellation, EndsACallThatHasNotBegunWhileItsGroupComputes)
{
  ASSERT_TRUE(add);
  const auto busy = computing_call::start(guest, *first);
  ASSERT_TRUE(busy);
  std::optional<result<values>> outcome;
  first->async_call(*add, {40, 2}, keep(outcome));
  signal.emit(asio::cancellation_type::total);
  ASSERT_TRUE(await_completion(outcome)); // the group computes on
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().code(), errc::cancelled);
  busy->tell_to_return();
  EXPECT_TRUE(busy->outcome());
  EXPECT_EQ(guest.call(*first, "computes_add", {1, 2}), values{3}); // behind the one that was cancelled
  context.poll();
  EXPECT_EQ(completions, 1);
}

TEST_F(FacadeCancellation, LetsACallUnderWayCompleteUnlessItIsTerminal)
{
  ASSERT_TRUE(first);
  const auto busy = computing_call::start(
      guest, *first, [&](const function& compute) { first->async_call(compute, {}, keep(computed)); });
  ASSERT_TRUE(busy);
  signal.emit(asio::cancellation_type::total);
  signal.emit(asio::cancellation_type::partial);
  context.poll();
  EXPECT_FALSE(computed);
  busy->tell_to_return();
  ASSERT_TRUE(await_completion(computed));
  EXPECT_TRUE(*computed);
  EXPECT_EQ(completions, 1);
}

TEST_F(FacadeCancellation, InterruptsTheGuestsWaitOnceAndTheGuestDecides)
{
  ASSERT_TRUE(first);
  const auto wait = guest.find(*first, "computes_wait");
  ASSERT_TRUE(wait);
  for (int round = 0; round < 3; ++round) {
    std::optional<result<values>> outcome;
    first->async_call(*wait, {}, keep(outcome));
    ASSERT_TRUE(comes_true([&] { return guest.waits_in(first->id(), "memory.atomic.wait"); }));
    signal.emit(asio::cancellation_type::total);
    ASSERT_TRUE(await_completion(outcome));
    EXPECT_EQ(*outcome, values{0});
  }
  EXPECT_EQ(completions, 3);
}

TEST(FacadeSleep, IsEndedByACancellationAndTheGuestIsTold)
{
  embedding program("embedded");
  auto first = program.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto sleep = program.find(*first, "embedded_sleep");
  ASSERT_TRUE(sleep);
  asio::cancellation_signal signal;
  std::promise<result<values>> outcome;
  constexpr int half_an_hour = 1800;
  first->async_call(*sleep, {half_an_hour}, asio::bind_cancellation_slot(signal.slot(), [&](result<values> slept) {
    outcome.set_value(std::move(slept));
  }));
  ASSERT_TRUE(comes_true([&] { return program.waits_in(first->id(), "memory.atomic.wait"); }));
  asio::post(program.own_executor(), [&] { signal.emit(asio::cancellation_type::total); });
  const auto eintr = static_cast<std::int32_t>(wasi::errno_code::intr);
  EXPECT_EQ(await(outcome.get_future()), values{eintr});
}

TEST_F(FacadeCancellation, OfOneOperationInterruptsNoWaitOfTheNext)
{
  ASSERT_TRUE(first);
  const auto wait = guest.find(*first, "computes_wait");
  ASSERT_TRUE(wait && add);
  std::optional<result<values>> added;
  first->async_call(*add, {40, 2}, keep(added));
  ASSERT_EQ(guest.call(*first, "computes_add", {1, 2}), values{3}); // behind the one, which has been carried out
  auto waited = first->async_call(*wait, {}, asio::use_future);
  signal.emit(asio::cancellation_type::total);
  EXPECT_EQ(waited.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  EXPECT_TRUE(guest.program().interrupt(first->id()));
  EXPECT_EQ(await(std::move(waited)), values{0});
  EXPECT_FALSE(guest.program().interrupt(group_id{1000}));
}

TEST_F(FacadeCancellation, OfTheTerminalKindLeavesTheGuestBehind)
{
  ASSERT_TRUE(first);
  const auto busy = computing_call::start(
      guest, *first, [&](const function& compute) { first->async_call(compute, {}, keep(computed)); });
  ASSERT_TRUE(busy);
  signal.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(await_completion(computed)); // the guest computes on
  ASSERT_FALSE(*computed);
  EXPECT_EQ(computed->error().code(), errc::cancelled);
  busy->tell_to_return();
  EXPECT_EQ(guest.call(*first, "computes_add", {1, 2}), values{3}); // the group has come back
  context.poll();
  EXPECT_EQ(completions, 1);
}

TEST_F(FacadeCancellation, EndsTheWaitForAStopsThreads)
{
  ASSERT_TRUE(first);
  const auto busy = computing_call::start(guest, *first);
  ASSERT_TRUE(busy);
  std::optional<result<stop_report>> outcome;
  guest.program().async_stop(facade_deadline, keep(outcome));
  signal.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(await_completion(outcome));
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().code(), errc::cancelled);
  busy->tell_to_return();
}

TEST_F(FacadeCancellation, AfterTheCompletionDoesNothing)
{
  ASSERT_TRUE(add);
  std::optional<result<values>> outcome;
  first->async_call(*add, {40, 2}, keep(outcome));
  ASSERT_TRUE(await_completion(outcome));
  signal.emit(asio::cancellation_type::terminal);
  context.poll();
  EXPECT_EQ(*outcome, values{42});
  EXPECT_EQ(completions, 1);
}

/// A static program that waits in a shared memory of its own.
class OwnSharedMemory : public testing::Test {
protected:
  void SetUp() override
  {
    ASSERT_FALSE(guest.refusal());
    run = guest.program().async_run(asio::use_future);
    ASSERT_TRUE(comes_true([&] { return guest.waits_in(first_group, "memory.atomic.wait"); }));
  }

  embedding guest{"waits_in_own_memory"};
  std::future<result<process_outcome>> run;
};

TEST_F(OwnSharedMemory, IsWhereTheHostWritesAndItsWaitEndsWithAnInterruption)
{
  EXPECT_TRUE(guest.program().interrupt(first_group));
  const auto outcome = await(std::move(run));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_code, 40U);
}

TEST_F(OwnSharedMemory, IsNotWaitedInBeyondTheEndOfTheProcess)
{
  const auto stopped = guest.stop(facade_deadline);
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(stopped->still_running.empty());
  EXPECT_TRUE(await(std::move(run)));
}

} // namespace
} // namespace interlink

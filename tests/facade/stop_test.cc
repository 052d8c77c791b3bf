// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a process is started once, and stopped: what a stop can end, and what it reports that it cannot.
#include "tests/facade/embedding.hh"

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>

namespace interlink {
namespace {

using namespace test;

engine::engine_options interruptible()
{
  engine::engine_options options;
  options.interruptible = true;
  return options;
}

TEST(FacadeStop, EndsAGroupThatWaitsForCalls)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto stopped = guest.stop(facade_deadline);
  ASSERT_TRUE(stopped) << stopped.error().message();
  EXPECT_TRUE(stopped->still_running.empty());
}

TEST(FacadeStop, ReportsAThreadThatComputesWithoutCalls)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto busy = computing_call::start(guest, *first);
  ASSERT_TRUE(busy);
  const auto stopped = guest.stop(std::chrono::milliseconds(20));
  ASSERT_TRUE(stopped) << stopped.error().message();
  ASSERT_EQ(stopped->still_running.size(), 1U);
  EXPECT_EQ(stopped->still_running[0].group, first->id());
  EXPECT_EQ(stopped->still_running[0].waiting_in, "");
}

TEST(FacadeStop, CompletesTheCallUnderWayInAThreadThatItGivesUp)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto busy = computing_call::start(guest, *first);
  ASSERT_TRUE(busy);
  ASSERT_TRUE(guest.stop(std::chrono::milliseconds(1)));
  const auto outcome = busy->outcome(); // while it computes
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), errc::stopping) << outcome.error().message();
}

TEST(FacadeStop, LeavesNothingThatKeepsAnExecutorBusyWhenTheLastHandleGoes)
{
  embedding guest("computes");
  const auto core = guest.program().core().shared_from_this();
  std::optional<result<std::vector<guest_value>>> outcome;
  asio::io_context context;
  std::unique_ptr<computing_call> busy;
  {
    auto first = guest.start();
    ASSERT_TRUE(first) << first.error().message();
    busy = computing_call::start(guest, *first, [&](const function& compute) {
      first->async_call(compute, {}, asio::bind_executor(context.get_executor(), [&](auto got) { outcome = got; }));
    });
    ASSERT_TRUE(busy);
    guest.take(); // and `first`: the guest computes on, and is given up
  }
  context.run();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error().code(), errc::stopping);
  busy->tell_to_return();
  EXPECT_TRUE(core->join_threads(parker::clock::now() + facade_deadline)); // the runtime must outlive it
}

TEST(FacadeRun, ThatIsCancelledLeavesNoProgramThatNobodyCanStop)
{
  embedding guest("computes");
  const auto core = guest.program().core().shared_from_this();
  asio::io_context context;
  const auto run_for_a_while = [](process program) -> asio::awaitable<void> {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timeout(co_await asio::this_coro::executor, std::chrono::milliseconds(20));
    static_cast<void>(co_await (program.async_run(asio::use_awaitable) || timeout.async_wait(asio::use_awaitable)));
  };
  asio::co_spawn(context, run_for_a_while(guest.take()), asio::detached);
  context.run();
  EXPECT_TRUE(core->has_ended());
  EXPECT_TRUE(core->join_threads(parker::clock::now() + facade_deadline));
}

TEST(FacadeRun, ThatIsCancelledLeavesAProgramRunningThatHasAnotherHandle)
{
  embedding guest("computes");
  asio::cancellation_signal signal;
  std::promise<result<process_outcome>> outcome;
  guest.program().async_run(asio::bind_cancellation_slot(
      signal.slot(), [&](result<process_outcome> ended) { outcome.set_value(std::move(ended)); }));
  asio::post(guest.own_executor(), [&] { signal.emit(asio::cancellation_type::terminal); });
  EXPECT_EQ(await(outcome.get_future()).error().code(), errc::cancelled);
  EXPECT_FALSE(guest.program().core().has_ended());
}

TEST(FacadeStop, CanBeAskedAgainForTheThreadsItLeft)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto busy = computing_call::start(guest, *first);
  ASSERT_TRUE(busy);
  ASSERT_TRUE(guest.stop(std::chrono::milliseconds(1)));
  busy->tell_to_return();
  const auto stopped = guest.stop(facade_deadline);
  ASSERT_TRUE(stopped) << stopped.error().message();
  EXPECT_TRUE(stopped->still_running.empty());
}

TEST(FacadeStop, EndsAThreadThatComputesWhenTheEngineIsInterruptible)
{
  embedding guest("computes", interruptible());
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto busy = computing_call::start(guest, *first);
  ASSERT_TRUE(busy);
  const auto stopped = guest.stop(facade_deadline);
  ASSERT_TRUE(stopped) << stopped.error().message();
  EXPECT_TRUE(stopped->still_running.empty());
}

TEST(FacadeStop, LeavesAnotherProcessOfAnInterruptibleEngineRunning)
{
  embedding left("computes", interruptible());
  embedding stopped("computes", left);
  const auto first = left.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto other = stopped.start();
  ASSERT_TRUE(other) << other.error().message();
  const auto computing = computing_call::start(left, *first);
  ASSERT_TRUE(computing);
  const auto interrupted = computing_call::start(stopped, *other);
  ASSERT_TRUE(interrupted);
  const auto report = stopped.stop(facade_deadline);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->still_running.empty());
  EXPECT_FALSE(interrupted->outcome());
  computing->tell_to_return();
  const auto outcome = computing->outcome();
  EXPECT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(left.call(*first, "computes_add", {40, 2}), std::vector<guest_value>{42});
  EXPECT_FALSE(left.program().core().has_ended());
}

TEST(FacadeStop, FailsTheCallThatItInterrupts)
{
  embedding guest("computes", interruptible());
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto busy = computing_call::start(guest, *first);
  ASSERT_TRUE(busy);
  ASSERT_TRUE(guest.stop(facade_deadline));
  EXPECT_FALSE(busy->outcome());
}

TEST(FacadeStop, IsToldFromACleanExit)
{
  embedding guest("computes");
  ASSERT_TRUE(guest.start());
  ASSERT_TRUE(guest.stop(facade_deadline));
  const process_outcome outcome = guest.program().wait();
  EXPECT_EQ(outcome.exit_code, 143U);
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->code(), errc::stopping);
}

TEST(FacadeStop, EndsAThreadThatComputesAlsoWhenNobodyWaitsForIt)
{
  // What advances the epoch goes on until the thread has ended, whoever was being answered as the first one came.
  embedding guest("computes", interruptible());
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto busy = computing_call::start(guest, *first);
  ASSERT_TRUE(busy);
  guest.program().core().end({3, std::nullopt});
  EXPECT_FALSE(busy->outcome());
  EXPECT_TRUE(comes_true([&] { return guest.program().core().threads.alive_count() == 0; }));
}

TEST(FacadeSpawn, IsRefusedBeforeTheStart)
{
  embedding guest("computes");
  const auto refused = await(guest.program().async_spawn_group(asio::use_future));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::spawn_failed);
  EXPECT_TRUE(refused.error().message().contains("the program was not started")) << refused.error().message();
}

TEST(FacadeSpawn, IsRefusedWhenTheMainThreadThatMakesThreadsHasLeft)
{
  embedding guest("embedded");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  const auto second = await(guest.program().async_spawn_group(asio::use_future));
  ASSERT_TRUE(second) << second.error().message();
  ASSERT_TRUE(guest.call(*first, "embedded_leave", {}).error() == errc::thread_exited);
  EXPECT_TRUE(comes_true([&] { return guest.program().core().threads.find(first->id()) == nullptr; }));
  const auto refused = await(guest.program().async_spawn_group(asio::use_future));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::spawn_failed);
  EXPECT_TRUE(refused.error().message().contains("the program's main thread has left")) << refused.error().message();
  EXPECT_EQ(guest.call(*second, "embedded_add", {40, 2}), std::vector<guest_value>{42});
}

TEST(FacadeWait, GivesUpAtItsDeadlineAndSeesTheEndLater)
{
  embedding guest("computes");
  ASSERT_TRUE(guest.start());
  EXPECT_FALSE(guest.program().wait_until(parker::clock::now() + std::chrono::milliseconds(1)));
  ASSERT_TRUE(guest.stop(facade_deadline));
  const auto outcome = guest.program().wait_until(parker::clock::now() + facade_deadline);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_code, 143U); // as of a program that SIGTERM ended
  ASSERT_TRUE(outcome->failure);
  EXPECT_EQ(outcome->failure->code(), errc::stopping);
}

TEST(FacadeStart, RefusesToStartAProgramAgain)
{
  embedding guest("computes");
  ASSERT_TRUE(guest.start());
  const auto again = guest.start();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), errc::invalid_argument);
  EXPECT_NE(again.error().message().find("the program was started already"), std::string::npos);
}

TEST(FacadeStart, LeavesTheProgramServingWhenItRefusesTheSecond)
{
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  ASSERT_FALSE(guest.start());
  EXPECT_EQ(guest.call(*first, "computes_add", {1, 2}), std::vector<guest_value>{3});
}

} // namespace
} // namespace interlink

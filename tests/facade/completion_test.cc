// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the facade's operations complete: once, never inside the initiation, on the handler's own executor, for any
// completion token.
#include "tests/facade/embedding.hh"

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <memory>

namespace interlink {
namespace {

using namespace test;

using values = std::vector<guest_value>;

/// A started program with a function to call.
struct callable {
  callable() : guest("computes")
  {
    auto started = guest.start();
    if (!started) {
      return;
    }
    first.emplace(*started);
    if (auto found = guest.find(*first, "computes_add")) {
      add.emplace(*found);
    }
  }

  embedding guest;
  std::optional<group> first;
  std::optional<function> add;
};

TEST(FacadeCompletion, RunsOnTheExecutorOfTheHandler)
{
  callable program;
  ASSERT_TRUE(program.add);
  asio::io_context context;
  std::thread::id ran_on;
  bool was_in_context = false;
  program.first->async_call(*program.add, {40, 2}, asio::bind_executor(context.get_executor(), [&](result<values> sum) {
    ran_on = std::this_thread::get_id();
    was_in_context = context.get_executor().running_in_this_thread();
    EXPECT_EQ(sum, values{42});
  }));
  context.run_for(facade_deadline); // it is this thread that serves the context
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  EXPECT_TRUE(was_in_context);
}

/// Begins an operation with a handler that is bound to an executor of its own; says whether it has run there.
template <class Begin>
bool completes_on_its_executor(Begin begin)
{
  asio::io_context context;
  bool was_in_context = false;
  begin(asio::bind_executor(context.get_executor(),
                            [&](const auto&) { was_in_context = context.get_executor().running_in_this_thread(); }));
  context.run_for(facade_deadline);
  return was_in_context;
}

TEST(FacadeCompletion, OfEachOperationOfAGroupAndAReactorRunsOnTheExecutorOfTheHandler)
{
  callable program;
  ASSERT_TRUE(program.add);
  process& whole = program.guest.program();
  EXPECT_TRUE(completes_on_its_executor([&](auto handler) { whole.async_start(handler); })) << "refused at once";
  EXPECT_TRUE(completes_on_its_executor([&](auto handler) { whole.async_spawn_group(handler); }));
  EXPECT_TRUE(completes_on_its_executor([&](auto handler) { program.first->async_open("./no.so", 0, handler); }));
  EXPECT_TRUE(completes_on_its_executor(
      [&](auto handler) { program.first->async_find_symbol(library{main_handle}, "computes_add", handler); }));
  EXPECT_TRUE(completes_on_its_executor([&](auto handler) { whole.async_stop(facade_deadline, handler); }));
  EXPECT_TRUE(completes_on_its_executor([&](auto handler) {
    program.first->async_call(*program.add, {1, 2}, handler);
  })) << "after the end";
}

TEST(FacadeCompletion, OfAProgramsRunIsOnTheExecutorOfTheHandler)
{
  embedding command("static_command");
  ASSERT_FALSE(command.refusal());
  asio::io_context context;
  std::optional<result<process_outcome>> outcome;
  bool was_in_context = false;
  command.program().async_run(asio::bind_executor(context.get_executor(), [&](result<process_outcome> ended) {
    was_in_context = context.get_executor().running_in_this_thread();
    outcome.emplace(std::move(ended));
  }));
  EXPECT_FALSE(outcome) << "completed inside the initiation";
  context.run_for(facade_deadline);
  ASSERT_TRUE(outcome);
  ASSERT_TRUE(*outcome) << outcome->error().message();
  EXPECT_FALSE((*outcome)->failure);
  EXPECT_TRUE(was_in_context);
  EXPECT_TRUE(completes_on_its_executor([&](auto handler) { command.program().async_run(handler); }))
      << "refused at once";
}

TEST(FacadeCompletion, OfAProgramsRunIsOnTheProcesssExecutorWhenTheHandlerHasNone)
{
  embedding command("static_command");
  ASSERT_FALSE(command.refusal());
  std::promise<std::thread::id> own;
  asio::post(command.own_executor(), [&] { own.set_value(std::this_thread::get_id()); });
  std::promise<std::thread::id> ran_on;
  command.program().async_run([&](const result<process_outcome>&) { ran_on.set_value(std::this_thread::get_id()); });
  EXPECT_EQ(ran_on.get_future().get(), own.get_future().get());
}

TEST(FacadeCompletion, RunsOnTheProcesssExecutorWhenTheHandlerHasNone)
{
  callable program;
  ASSERT_TRUE(program.add);
  std::promise<std::thread::id> own;
  asio::post(program.guest.own_executor(), [&] { own.set_value(std::this_thread::get_id()); });
  std::promise<std::thread::id> ran_on;
  program.first->async_call(*program.add, {40, 2},
                            [&](const result<values>&) { ran_on.set_value(std::this_thread::get_id()); });
  EXPECT_EQ(ran_on.get_future().get(), own.get_future().get());
}

TEST(FacadeCompletion, KeepsTheExecutorOfTheHandlerAtWork)
{
  callable program;
  ASSERT_TRUE(program.add);
  const auto busy = computing_call::start(program.guest, *program.first);
  ASSERT_TRUE(busy);
  asio::io_context context;
  bool has_completed = false;
  program.first->async_call(
      *program.add, {1, 2},
      asio::bind_executor(context.get_executor(), [&](const result<values>&) { has_completed = true; }));
  context.poll();
  EXPECT_FALSE(context.stopped()) << "run() would return before the call completes";
  busy->tell_to_return();
  context.run_for(facade_deadline);
  EXPECT_TRUE(has_completed);
}

/// Starts a call in a handler of the very executor that its own handler runs on; says whether that ran inside the
/// initiation.
bool completes_inside_initiation(callable& program)
{
  asio::io_context context;
  bool is_initiating = false;
  std::optional<bool> was_initiating;
  asio::post(context, [&] {
    is_initiating = true;
    program.first->async_call(
        *program.add, {1, 2},
        asio::bind_executor(context.get_executor(), [&](const result<values>&) { was_initiating = is_initiating; }));
    is_initiating = false;
  });
  context.run_for(facade_deadline);
  EXPECT_TRUE(was_initiating.has_value()) << "the call has not completed";
  return was_initiating.value_or(true);
}

TEST(FacadeCompletion, NeverRunsInsideTheInitiation)
{
  callable program;
  ASSERT_TRUE(program.add);
  EXPECT_FALSE(completes_inside_initiation(program));
}

TEST(FacadeCompletion, NeverRunsInsideAnInitiationThatFailsAtOnce)
{
  callable program;
  ASSERT_TRUE(program.add);
  ASSERT_TRUE(program.guest.stop(facade_deadline));
  EXPECT_FALSE(completes_inside_initiation(program));
}

TEST(FacadeCompletion, HappensOnceForEachCallWhenTheProcessStopsUnderThem)
{
  callable program;
  ASSERT_TRUE(program.add);
  const auto busy = computing_call::start(program.guest, *program.first);
  ASSERT_TRUE(busy);
  constexpr std::size_t call_count = 100;
  asio::io_context context; // one thread, so that plain counters do
  std::vector<int> completions(call_count);
  std::vector<errc> codes;
  for (std::size_t i = 0; i < call_count; ++i) {
    program.first->async_call(*program.add, {1, 2},
                              asio::bind_executor(context.get_executor(), [&, i](const result<values>& outcome) {
                                ++completions[i];
                                EXPECT_FALSE(outcome);
                                codes.push_back(outcome ? errc{} : outcome.error().code());
                              }));
  }
  ASSERT_TRUE(program.guest.stop(std::chrono::milliseconds(1)));
  busy->tell_to_return();
  context.run_for(facade_deadline);
  EXPECT_EQ(completions, std::vector<int>(call_count, 1));
  EXPECT_EQ(codes, std::vector<errc>(call_count, errc::stopping));
}

TEST(FacadeCompletion, TakesACallback)
{
  callable program;
  ASSERT_TRUE(program.add);
  std::promise<result<values>> outcome;
  program.first->async_call(*program.add, {40, 2}, [&](result<values> sum) { outcome.set_value(std::move(sum)); });
  EXPECT_EQ(await(outcome.get_future()), values{42});
}

TEST(FacadeCompletion, TakesACallbackThatCanOnlyBeMoved)
{
  callable program;
  ASSERT_TRUE(program.add);
  std::promise<result<values>> outcome;
  program.first->async_call(*program.add, {40, 2}, [&, owned = std::make_unique<int>(1)](result<values> sum) {
    outcome.set_value(owned ? std::move(sum) : result<values>(values{}));
  });
  EXPECT_EQ(await(outcome.get_future()), values{42});
}

TEST(FacadeCompletion, TakesUseFuture)
{
  callable program;
  ASSERT_TRUE(program.add);
  std::future<result<values>> sum = program.first->async_call(*program.add, {40, 2}, asio::use_future);
  EXPECT_EQ(await(std::move(sum)), values{42});
}

asio::awaitable<result<values>> add_in_coroutine(group in, function add)
{
  co_return co_await in.async_call(std::move(add), values(2, 21), asio::use_awaitable);
}

TEST(FacadeCompletion, TakesUseAwaitable)
{
  callable program;
  ASSERT_TRUE(program.add);
  asio::io_context context;
  auto sum = asio::co_spawn(context, add_in_coroutine(*program.first, *program.add), asio::use_future);
  context.run_for(facade_deadline);
  ASSERT_EQ(sum.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(sum.get(), values{42});
}

TEST(FacadeCompletion, ResumesACoroutineOnItsExecutor)
{
  callable program;
  ASSERT_TRUE(program.add);
  asio::io_context context;
  std::thread::id resumed_on;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        co_await program.first->async_call(*program.add, values(2, 1), asio::use_awaitable);
        resumed_on = std::this_thread::get_id();
      },
      asio::detached);
  context.run_for(facade_deadline);
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

} // namespace
} // namespace interlink

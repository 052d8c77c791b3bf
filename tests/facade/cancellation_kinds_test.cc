// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each operation of the facade, cancelled at each of its stages: before it is started, while it is queued, while it
// runs, after it has completed. It completes once, with the outcome that the facade's header promises, on the executor
// of its handler.
#include "groups/instance_group.hh"
#include "tests/facade/embedding.hh"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

namespace interlink {
namespace {

using namespace test;

/// A program with libc, and one handler that counts. Context: the test's thread, which also serves the handler.
class cancelled_world {
public:
  cancelled_world() : guest("embedded") {}

  bool start_program()
  {
    if (auto started = guest.start()) {
      first.emplace(*started);
      if (auto found = guest.find(*first, "embedded_add")) {
        add.emplace(*found);
      }
    }
    return add.has_value();
  }

  /// For any operation.
  auto handler()
  {
    return asio::bind_cancellation_slot(signal.slot(),
                                        asio::bind_executor(context.get_executor(), [this](const auto& outcome) {
                                          ++completions;
                                          is_in_place = context.get_executor().running_in_this_thread();
                                          code = outcome ? errc{} : outcome.error().code();
                                        }));
  }

  /// The operation's outcome; nothing when it does not complete. Serves what else there is to do, too.
  std::optional<errc> await_code()
  {
    context.restart();
    comes_true([&] {
      context.poll();
      return code.has_value();
    });
    EXPECT_TRUE(is_in_place);
    return code;
  }

  /// Long enough for a completion to come that should not.
  bool stays_incomplete()
  {
    context.restart();
    for (int round = 0; round < 20; ++round) {
      context.poll();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return !code;
  }

  /// The first group is in a call until `free_first_group`.
  void occupy_first_group()
  {
    std::promise<void> begun;
    auto has_begun = begun.get_future();
    guest.program()
        .core()
        .threads.find(first->id())
        ->calls.post([begun = std::move(begun), go = gate.get_future()](instance_group*) mutable {
          begun.set_value();
          go.wait_for(facade_deadline);
        });
    has_begun.wait_for(facade_deadline);
  }

  void free_first_group() { gate.set_value(); }

  /// The group has come back, and nothing completes a second time.
  bool goes_on()
  {
    const bool serves = guest.call(*first, "embedded_add", {40, 2}) == std::vector<guest_value>{42};
    context.restart();
    context.poll();
    return serves && completions == 1;
  }

  embedding guest;
  std::optional<group> first;
  std::optional<function> add;
  asio::io_context context;
  asio::cancellation_signal signal;
  std::promise<void> gate;
  int completions = 0;
  bool is_in_place = false;
  std::optional<errc> code;
};

struct operation {
  const char* name;
  void (*start)(cancelled_world&);
};

void PrintTo(const operation& of, std::ostream* stream)
{
  *stream << of.name;
}

const std::array<operation, 3> operations_of_groups{{
    {"Open", [](cancelled_world& in) { in.first->async_open("./libplain.so", open_flag::now, in.handler()); }},
    {"FindSymbol",
     [](cancelled_world& in) { in.first->async_find_symbol({main_handle}, "embedded_count", in.handler()); }},
    {"Call", [](cancelled_world& in) { in.first->async_call(*in.add, {1, 2}, in.handler()); }},
}};

using type = asio::cancellation_type;

class GroupOperation : public testing::TestWithParam<std::tuple<operation, asio::cancellation_type>> {
protected:
  void start() { std::get<0>(GetParam()).start(world); }

  void cancel() { world.signal.emit(std::get<1>(GetParam())); }

  cancelled_world world;
};

TEST_P(GroupOperation, CancelledBeforeItsStartIsNotCancelled)
{
  ASSERT_TRUE(world.start_program());
  cancel(); // the slot is empty: asio's signals are no state
  start();
  EXPECT_EQ(world.await_code(), errc{});
  EXPECT_TRUE(world.goes_on());
}

TEST_P(GroupOperation, CancelledWhileQueuedEndsWithoutItsGroup)
{
  ASSERT_TRUE(world.start_program());
  world.occupy_first_group();
  start();
  EXPECT_TRUE(world.stays_incomplete());
  cancel();
  EXPECT_EQ(world.await_code(), errc::cancelled);
  cancel();
  world.free_first_group();
  EXPECT_TRUE(world.goes_on());
}

TEST_P(GroupOperation, CancelledAfterItsCompletionIsNotCancelled)
{
  ASSERT_TRUE(world.start_program());
  start();
  EXPECT_EQ(world.await_code(), errc{});
  cancel();
  EXPECT_TRUE(world.goes_on());
  EXPECT_EQ(world.code, errc{});
}

TEST_P(GroupOperation, CancelledAtAnyMomentCompletesOnce)
{
  ASSERT_TRUE(world.start_program());
  for (int round = 0; round < 100; ++round) {
    world.completions = 0;
    world.code.reset();
    start();
    for (int turn = 0; turn < round % 10; ++turn) {
      world.context.poll();
      std::this_thread::yield();
    }
    cancel();
    const auto code = world.await_code();
    EXPECT_TRUE(code == errc{} || code == errc::cancelled) << static_cast<int>(code.value_or(errc{}));
    EXPECT_EQ(world.completions, 1);
  }
  EXPECT_TRUE(world.goes_on());
}

INSTANTIATE_TEST_SUITE_P(, GroupOperation,
                         testing::Combine(testing::ValuesIn(operations_of_groups),
                                          testing::Values(type::total, type::partial, type::terminal)),
                         [](const auto& one) {
                           const type kind = std::get<1>(one.param);
                           return std::string(std::get<0>(one.param).name) + (kind == type::total     ? "ByTotal"
                                                                              : kind == type::partial ? "ByPartial"
                                                                                                      : "ByTerminal");
                         });

/// Another group's load of the same library is in flight, for as long as the test wants.
class WaitingOpen : public testing::TestWithParam<asio::cancellation_type> {};

TEST_P(WaitingOpen, CancelledGivesItsWaitUpAndTheOtherLoadGoesOn)
{
  cancelled_world world;
  ASSERT_TRUE(world.start_program());
  const auto word = [&](const char* address_of) {
    const auto address = world.guest.call(*world.first, address_of, {});
    EXPECT_TRUE(address);
    return reinterpret_cast<std::int32_t*>(world.guest.program().core().environment.linked_memory->data() +
                                           std::get<std::int32_t>(address->at(0)));
  };
  const std::atomic_ref constructing(*word("embedded_constructing"));
  const std::atomic_ref release(*word("embedded_release"));
  auto other = await(world.guest.program().async_spawn_group(asio::use_future));
  ASSERT_TRUE(other) << other.error().message();
  auto spinning = other->async_open("./libspins_in_start.so", open_flag::now, asio::use_future);
  ASSERT_TRUE(comes_true([&] { return constructing.load() != 0; }));
  world.first->async_open("./libspins_in_start.so", open_flag::now, world.handler());
  const auto waiter = world.guest.program().core().threads.find(world.first->id());
  EXPECT_TRUE(comes_true([&] { return waiter->wait_in_linker().what.load() != nullptr; }));
  EXPECT_TRUE(world.stays_incomplete());
  world.signal.emit(GetParam());
  EXPECT_EQ(world.await_code(), errc::cancelled);
  EXPECT_TRUE(world.goes_on());
  release.store(1);
  EXPECT_TRUE(await(std::move(spinning)));
}

INSTANTIATE_TEST_SUITE_P(, WaitingOpen, testing::Values(type::total, type::partial, type::terminal),
                         [](const auto& one) {
                           return one.param == type::total     ? "ByTotal"
                                  : one.param == type::partial ? "ByPartial"
                                                               : "ByTerminal";
                         });

// The operations of a process know `terminal` alone, which ends the waiting.

TEST(ProcessOperation, RunIsLeftToRunByTerminalAlone)
{
  cancelled_world world;
  world.guest.program().async_run(world.handler());
  world.signal.emit(type::total);
  world.signal.emit(type::partial);
  EXPECT_TRUE(world.stays_incomplete());
  world.signal.emit(type::terminal);
  EXPECT_EQ(world.await_code(), errc::cancelled);
  EXPECT_FALSE(world.guest.program().core().has_ended());
  EXPECT_TRUE(world.guest.stop(facade_deadline));
  EXPECT_TRUE(world.stays_incomplete() || world.completions == 1);
  EXPECT_EQ(world.completions, 1);
}

TEST(ProcessOperation, RunCompletesOnceWhenItIsStoppedAndThenCancelled)
{
  cancelled_world world;
  world.guest.program().async_run(world.handler());
  EXPECT_TRUE(world.guest.stop(facade_deadline));
  world.signal.emit(type::terminal);
  const auto code = world.await_code();
  EXPECT_TRUE(code == errc{} || code == errc::cancelled);
  EXPECT_EQ(world.completions, 1);
}

TEST(ProcessOperation, StartCompletesOnceWheneverItIsCancelled)
{
  for (int round = 0; round < 10; ++round) {
    cancelled_world world;
    world.signal.emit(type::terminal);
    world.guest.program().async_start(world.handler());
    world.signal.emit(type::total);
    for (int turn = 0; turn < round; ++turn) {
      world.context.poll();
      std::this_thread::sleep_for(std::chrono::milliseconds(round));
    }
    world.signal.emit(type::terminal);
    const auto code = world.await_code();
    EXPECT_TRUE(code == errc{} || code == errc::cancelled);
    EXPECT_TRUE(world.guest.stop(facade_deadline));
    world.context.poll();
    EXPECT_EQ(world.completions, 1);
  }
}

TEST(ProcessOperation, SpawnIsGivenUpByTerminalAloneWhileTheFirstGroupIsBusy)
{
  cancelled_world world;
  ASSERT_TRUE(world.start_program());
  world.occupy_first_group();
  world.guest.program().async_spawn_group(world.handler());
  world.signal.emit(type::total);
  EXPECT_TRUE(world.stays_incomplete());
  world.signal.emit(type::terminal);
  EXPECT_EQ(world.await_code(), errc::cancelled);
  world.free_first_group();
  EXPECT_TRUE(world.goes_on()); // the thread that came all the same serves nobody, and ends with the process
}

TEST(ProcessOperation, SpawnThatHasCompletedIsNotCancelled)
{
  cancelled_world world;
  ASSERT_TRUE(world.start_program());
  world.guest.program().async_spawn_group(world.handler());
  EXPECT_EQ(world.await_code(), errc{});
  world.signal.emit(type::terminal);
  EXPECT_TRUE(world.goes_on());
}

TEST(ProcessOperation, StopIsLeftToItselfByTerminalAlone)
{
  cancelled_world world;
  ASSERT_TRUE(world.start_program());
  world.occupy_first_group();
  world.guest.program().async_stop(facade_deadline, world.handler());
  world.signal.emit(type::total);
  EXPECT_TRUE(world.stays_incomplete());
  world.signal.emit(type::terminal);
  EXPECT_EQ(world.await_code(), errc::cancelled);
  world.free_first_group();
  const auto stopped = world.guest.stop(facade_deadline);
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(stopped->still_running.empty());
  world.context.poll();
  EXPECT_EQ(world.completions, 1);
}

} // namespace
} // namespace interlink

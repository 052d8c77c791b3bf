// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest threads: how they begin, what they have, how they leave, and what is refused.
#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "process/main_program.hh"
#include "process/thread_spawner.hh"

namespace interlink {
namespace {

using support::fake_call;
using support::fake_process;

class Threads : public testing::Test {
protected:
  void start()
  {
    main_thread = process.start();
    // A start structure: the upper end of a stack, and a TLS block of the guest's own.
    process.in(main_thread, [this](instance_group& group) {
      const wasi::guest_memory memory = group.memory();
      static_cast<void>(memory.store<std::uint32_t>(structure(), 0x50'0000));
      static_cast<void>(memory.store<std::uint32_t>(structure() + 4, 0));
    });
  }

  std::uint32_t structure() const { return process_shelf() + 128; }

  std::uint32_t process_shelf() const { return const_cast<fake_process&>(process).shelf(); }

  result<group_id> spawn(group_id parent)
  {
    return process.in(
        parent, [this](instance_group& group) { return spawn_thread(group, structure(), thread_abi::wasi_threads); });
  }

  fake_process process;
  group_id main_thread;
};

TEST_F(Threads, GiveTheStartRoutineItsArgument)
{
  std::promise<std::uint32_t> told;
  process.on_thread = [&](instance_group&, std::uint32_t argument) {
    told.set_value(argument);
    return result<void>{};
  };
  start();
  ASSERT_TRUE(spawn(main_thread));
  EXPECT_EQ(told.get_future().get(), structure());
}

TEST_F(Threads, EndTheProcessWhenTheHostsMemoryIsExhaustedInOne)
{
  process.on_thread = [](instance_group&, std::uint32_t) -> result<void> {
    throw std::bad_alloc();
  };
  start();
  ASSERT_TRUE(spawn(main_thread));
  const process_outcome outcome = process.core().wait_for_end();
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(*outcome.failure, errc::guest_trapped);
}

TEST_F(Threads, HaveEveryLibraryThatWasOpenBefore)
{
  process.add({.number = 1, .functions_in_table = 1, .has_tls = true});
  start();
  const auto opened = process.open(main_thread, "lib1.so");
  const auto slot = process.find(main_thread, *opened, "tls1");
  const auto spawned = spawn(main_thread);
  ASSERT_TRUE(spawned) << spawned.error().message();
  EXPECT_EQ(process.call_slot(*spawned, *slot), support::tls_word_of(1));
}

TEST_F(Threads, CallWhatIsOpenedAfterTheirStart)
{
  process.add({.number = 1, .has_tls = true});
  start();
  const auto spawned = spawn(main_thread);
  ASSERT_TRUE(spawned);
  const auto opened = process.open(main_thread, "lib1.so");
  const auto slot = process.find(main_thread, *opened, "tls1");
  EXPECT_EQ(process.call_slot(*spawned, *slot), support::tls_word_of(1));
}

// The stop has woken everybody that there was.
TEST_F(Threads, ThatStartDuringAStopWaitForNothing)
{
  start();
  const std::shared_ptr<instance_group> group = process.core().threads.find(main_thread);
  thread_table stopped;
  stopped.stop_all_waits();
  ASSERT_FALSE(group->waits().is_stopped());
  ASSERT_TRUE(stopped.start(group, std::size_t{256} << 10, [&] { stopped.finish(main_thread); }));
  EXPECT_TRUE(group->waits().is_stopped());
  EXPECT_TRUE(stopped.join_all(std::nullopt));
}

TEST_F(Threads, LeaveTheRosterAtTheirEnd)
{
  process.on_thread = [](instance_group&, std::uint32_t) {
    return result<void>{};
  };
  start();
  const auto spawned = spawn(main_thread);
  ASSERT_TRUE(spawned);
  process.in(main_thread,
             [&](instance_group& group) { process_of(group).threads.join(*spawned, group.shared_waits()); });
  EXPECT_FALSE(process.coordination().state().roster.contains(*spawned)); // G4
}

TEST_F(Threads, GiveTheirMemoryBackAtTheirEnd)
{
  process.add({.number = 1, .has_tls = true});
  process.on_thread = [](instance_group&, std::uint32_t) {
    return result<void>{};
  };
  start();
  ASSERT_TRUE(process.open(main_thread, "lib1.so"));
  const auto run_one = [&] {
    const auto spawned = spawn(main_thread);
    ASSERT_TRUE(spawned);
    process.in(main_thread,
               [&](instance_group& group) { process_of(group).threads.join(*spawned, group.shared_waits()); });
  };
  run_one(); // its blocks are dirty from now on
  const auto free = process.coordination().state().arena.free_ranges();
  run_one();
  EXPECT_EQ(process.coordination().state().arena.free_ranges(), free);
}

TEST_F(Threads, SettleOperationsThatTheyNeverApplied)
{
  process_options options;
  options.debug.statistics = true;
  fake_process counted({}, std::move(options));
  counted.add({.number = 1});
  const group_id one = counted.start();
  const group_id idle = counted.add_group();
  ASSERT_TRUE(counted.open(one, "lib1.so"));
  const auto& settled = counted.core().counts->settled;
  const std::uint64_t before = settled; // the idle group still owes its share of the load
  counted.in(idle, [](instance_group& group) { group.leave(); });
  EXPECT_EQ(settled, before + 1);
}

TEST_F(Threads, EndTheProcessWhenTheyTrap)
{
  process.on_thread = [](instance_group& group, std::uint32_t) -> result<void> {
    const auto trapped = support::call_without_catch_up(group, main_module, "trap", {});
    return fail(trapped.error());
  };
  start();
  ASSERT_TRUE(spawn(main_thread));
  EXPECT_EQ(process.core().wait_for_end().exit_code, exit_code_of_trap);
}

TEST_F(Threads, EndAloneWhenTheyExit)
{
  process.on_thread = [](instance_group&, std::uint32_t) {
    return result<void>(fail(errc::thread_exited));
  };
  start();
  const auto spawned = spawn(main_thread);
  ASSERT_TRUE(spawned);
  process.in(main_thread,
             [&](instance_group& group) { process_of(group).threads.join(*spawned, group.shared_waits()); });
  EXPECT_FALSE(process.core().has_ended());
}

class RefusedThread : public Threads, public testing::WithParamInterface<fake_call> {};

TEST_P(RefusedThread, IsTheGuestsTryAgain)
{
  start();
  process.engine().refuses = [](fake_call which) {
    return which == GetParam();
  };
  const auto spawned = spawn(main_thread);
  process.engine().refuses = nullptr;
  ASSERT_FALSE(spawned);
  EXPECT_EQ(spawned.error().code(), errc::spawn_failed);
}

TEST_P(RefusedThread, LeavesNothingBehind)
{
  start();
  const std::size_t roster = process.coordination().state().roster.size();
  process.engine().refuses = [](fake_call which) {
    return which == GetParam();
  };
  static_cast<void>(spawn(main_thread));
  process.engine().refuses = nullptr;
  EXPECT_EQ(process.coordination().state().roster.size(), roster);
  EXPECT_TRUE(spawn(main_thread));
}

INSTANTIATE_TEST_SUITE_P(ByTheEngine, RefusedThread, testing::Values(fake_call::make_store, fake_call::instantiate));

TEST_F(Threads, AreRefusedWithoutAStartRoutine)
{
  fake_process plain({.has_thread_start = false});
  const group_id one = plain.start();
  const auto spawned =
      plain.in(one, [](instance_group& group) { return spawn_thread(group, 0, thread_abi::wasi_threads); });
  ASSERT_FALSE(spawned);
  EXPECT_EQ(spawned.error().code(), errc::spawn_failed);
}

TEST_F(Threads, AreWokenFromAWaitByANotify)
{
  start();
  const group_id waiter = process.add_group();
  const std::uint32_t word = process.shelf();
  auto woken = process.begin(waiter, [word](instance_group& group) {
    return support::call_without_catch_up(group, main_module, "wait", {word, 0, 0xFFFF'FFFF});
  });
  std::uint32_t notified = 0;
  while (notified == 0) {
    notified = process.in(main_thread, [word](instance_group& group) {
      return *support::call_without_catch_up(group, main_module, "notify", {word, 1});
    });
  }
  EXPECT_EQ(woken.get(), 0U); // "ok" of memory.atomic.wait32
}

TEST_F(Threads, AreUnwoundFromAWaitWhenTheProcessEnds)
{
  start();
  const group_id waiter = process.add_group();
  const std::uint32_t word = process.shelf();
  auto outcome = process.begin(waiter, [word](instance_group& group) {
    const auto waited = support::call_without_catch_up(group, main_module, "wait", {word, 0, 0xFFFF'FFFF});
    return waited ? errc{} : waited.error().code();
  });
  const auto is_waiting = [](const thread_report& report) {
    return report.waiting_in == "memory.atomic.wait";
  };
  while (std::ranges::none_of(process.core().threads.report(), is_waiting)) {
    std::this_thread::yield();
  }
  process.core().end({0, std::nullopt});
  EXPECT_EQ(outcome.get(), errc::stopping);
}

TEST_F(Threads, StartWhileOthersOpen)
{
  for (std::uint32_t number = 1; number <= 8; ++number) {
    process.add({.number = number, .functions_in_table = 1, .has_tls = true});
  }
  process.on_thread = [](instance_group& group, std::uint32_t) {
    return group.catch_up();
  };
  start();
  const group_id opener = process.add_group();
  auto opened = process.begin(opener, [](instance_group& group) {
    bool all = true;
    for (int number = 1; number <= 8; ++number) {
      all = open_library(process_of(group).loader, group, "lib" + std::to_string(number) + ".so", open_flag::lazy, {})
                .has_value() &&
            all;
    }
    return all;
  });
  for (int i = 0; i < 12; ++i) {
    EXPECT_TRUE(spawn(main_thread));
  }
  EXPECT_TRUE(opened.get());
}

} // namespace
} // namespace interlink

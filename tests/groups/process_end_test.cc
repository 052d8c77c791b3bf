// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What ends a process besides its guest: the host's memory, and epochs that go on until every thread has ended.
#include "tests/support/fake_process.hh"

#include <asio/use_future.hpp>
#include <gtest/gtest.h>

#include <new>
#include <thread>

#include "process/process.hh"

namespace interlink {
namespace {

using support::fake_process;

TEST(HostMemory, ThatIsExhaustedInAHostCallUnwindsTheGuestWithTheCallsName)
{
  fake_process process;
  process.add({.number = 1, .has_constructor = true});
  process.add({.number = 2});
  const group_id one = process.start();
  const group_id other = process.add_group();
  process.on_event = [](instance_group&, std::uint32_t, std::uint32_t) -> result<void> {
    throw std::bad_alloc();
  };
  const auto opened = process.open(one, "lib1.so");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), errc::guest_trapped);
  EXPECT_TRUE(opened.error().message().contains("the host has no memory left for test.event"))
      << opened.error().message();
  EXPECT_TRUE(process.open(other, "lib2.so")); // nothing is held
}

TEST(Interrupts, GoOnUntilEveryThreadHasEnded)
{
  fake_process process({}, {}, true);
  const group_id one = process.start();
  std::promise<void> begun;
  std::promise<void> may_end;
  auto busy = process.begin(one, [&](instance_group&) {
    begun.set_value();
    may_end.get_future().wait();
    return true;
  });
  begun.get_future().wait();
  EXPECT_EQ(process.engine().epochs, 0U);
  process.core().end({0, std::nullopt});
  const auto deadline = parker::clock::now() + std::chrono::minutes(1);
  while (process.engine().epochs < 5 && parker::clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_GE(process.engine().epochs, 5U);
  may_end.set_value();
  EXPECT_TRUE(busy.get());
  EXPECT_TRUE(process.core().join_threads(parker::clock::now() + std::chrono::minutes(1)));
}

} // namespace
} // namespace interlink

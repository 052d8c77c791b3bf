// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/parker.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace interlink {
namespace {

using namespace std::chrono_literals;

/// A time that has passed when the park begins.
parker::clock::time_point past()
{
  return parker::clock::now() - 1ms;
}

TEST(Parker, KeepsAnUnparkThatCameBeforeThePark)
{
  parker at;
  at.unpark();
  EXPECT_EQ(at.park(), wake_reason::unparked);
}

TEST(Parker, TakesThePermit)
{
  parker at;
  at.unpark();
  at.park();
  EXPECT_EQ(at.park(past()), wake_reason::deadline);
}

TEST(Parker, KeepsOnePermitAtMost)
{
  parker at;
  at.unpark();
  at.unpark();
  at.park();
  EXPECT_EQ(at.park(past()), wake_reason::deadline);
}

TEST(Parker, EndsAtItsDeadline)
{
  parker at;
  EXPECT_EQ(at.park(parker::clock::now() + 1ms), wake_reason::deadline);
}

TEST(Parker, StaysStopped)
{
  parker at;
  at.stop();
  EXPECT_EQ(at.park(), wake_reason::stopped);
  EXPECT_EQ(at.park(), wake_reason::stopped);
  EXPECT_TRUE(at.is_stopped());
}

TEST(Parker, PrefersAPermitToStop)
{
  parker at;
  at.stop();
  at.unpark();
  EXPECT_EQ(at.park(), wake_reason::unparked);
}

TEST(Parker, PrefersAPermitToADeadlineThatHasPassed)
{
  parker at;
  at.unpark();
  EXPECT_EQ(at.park(past()), wake_reason::unparked);
}

TEST(Parker, DoesNotHeedStopWhereAReplyIsSureToCome)
{
  parker at;
  at.stop();
  EXPECT_EQ(at.park_regardless_of_stop(past()), wake_reason::deadline);
}

TEST(Parker, WakesAnotherThread)
{
  parker at;
  std::atomic<int> woken{-1};
  std::thread waiter([&] { woken = static_cast<int>(at.park()); });
  at.unpark();
  waiter.join();
  EXPECT_EQ(woken, static_cast<int>(wake_reason::unparked));
}

TEST(Parker, StopsAnotherThread)
{
  parker at;
  std::atomic<int> woken{-1};
  std::thread waiter([&] { woken = static_cast<int>(at.park()); });
  at.stop();
  waiter.join();
  EXPECT_EQ(woken, static_cast<int>(wake_reason::stopped));
}

TEST(Parker, MayBeDestroyedByTheThreadItWoke)
{
  for (int round = 0; round < 200; ++round) {
    auto at = std::make_unique<parker>();
    parker& shared = *at;
    std::thread waiter([&] {
      shared.park();
      at.reset();
    });
    shared.unpark();
    waiter.join();
    ASSERT_EQ(at, nullptr);
  }
}

TEST(Parker, HandsABatonBackAndForth)
{
  parker mine;
  parker theirs;
  constexpr int rounds = 500;
  int taken = 0;
  std::thread other([&] {
    for (int round = 0; round < rounds; ++round) {
      theirs.park();
      ++taken;
      mine.unpark();
    }
  });
  for (int round = 0; round < rounds; ++round) {
    theirs.unpark();
    mine.park();
  }
  other.join();
  EXPECT_EQ(taken, rounds);
}

} // namespace
} // namespace interlink

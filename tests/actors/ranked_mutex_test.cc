// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/ranked_mutex.hh"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace interlink {
namespace {

TEST(RankedMutex, LetsLocksBeTakenInTheOrderOfTheirRanks)
{
  ranked_mutex outer(lock_rank::futex_bucket);
  ranked_mutex inner(lock_rank::parker);
  for (int round = 0; round < 2; ++round) {
    const std::lock_guard first(outer);
    const std::lock_guard second(inner);
  }
  SUCCEED();
}

TEST(RankedMutex, ExcludesOtherThreads)
{
  ranked_mutex mutex(lock_rank::published);
  int count = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 5'000; ++round) {
          const std::lock_guard lock(mutex);
          ++count;
        }
      });
    }
  }
  EXPECT_EQ(count, 20'000);
}

#ifndef NDEBUG
TEST(RankedMutexDeathTest, RefusesALockOfALowerRank)
{
  ranked_mutex outer(lock_rank::parker);
  ranked_mutex inner(lock_rank::futex_bucket);
  EXPECT_DEATH(
      {
        const std::lock_guard first(outer);
        const std::lock_guard second(inner);
      },
      "internal error");
}

TEST(RankedMutexDeathTest, RefusesTwoLocksOfOneRank)
{
  ranked_mutex one(lock_rank::parker);
  ranked_mutex other(lock_rank::parker);
  EXPECT_DEATH(
      {
        const std::lock_guard first(one);
        const std::lock_guard second(other);
      },
      "internal error");
}
#endif

} // namespace
} // namespace interlink

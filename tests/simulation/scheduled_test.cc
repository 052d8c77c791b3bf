// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scheduler itself, and what needs a schedule that a test can choose.
#include "actors/futex_table.hh"
#include "actors/parker.hh"
#include "tests/simulation/seeded_scheduler.hh"
#include "tests/simulation/simulated_world.hh"
#include "tests/support/temporary_directory.hh"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace interlink::simulation {
namespace {

constexpr std::uint64_t bound = 100'000;

TEST(SeededScheduler, RunsEveryThreadToItsEnd)
{
  seeded_scheduler scheduler(1);
  int ended = 0;
  const run_outcome outcome = scheduler.run(
      [&] {
        for (int i = 0; i < 5; ++i) {
          scheduler.start("guest", [&] {
            scheduler.guest_step();
            ++ended;
          });
        }
      },
      bound);
  EXPECT_EQ(outcome, run_outcome::ended);
  EXPECT_EQ(ended, 5);
}

/// The order in which five threads took their steps.
std::vector<int> order_of(std::uint64_t seed)
{
  seeded_scheduler scheduler(seed);
  std::vector<int> order;
  scheduler.run(
      [&] {
        for (int i = 0; i < 5; ++i) {
          scheduler.start("guest", [&, i] {
            for (int round = 0; round < 10; ++round) {
              scheduler.guest_step();
              order.push_back(i);
            }
          });
        }
      },
      bound);
  return order;
}

TEST(SeededScheduler, RepeatsARunOfTheSameSeed)
{
  EXPECT_EQ(order_of(7), order_of(7));
}

TEST(SeededScheduler, RunsAnotherSeedDifferently)
{
  EXPECT_NE(order_of(7), order_of(8));
}

TEST(SeededScheduler, KnowsADeadlock)
{
  seeded_scheduler scheduler(1);
  parker never;
  EXPECT_EQ(scheduler.run([&] { never.park(); }, bound), run_outcome::deadlocked);
}

TEST(SeededScheduler, KnowsARunWithoutEnd)
{
  seeded_scheduler scheduler(1);
  const auto loop = [&] {
    while (true) {
      scheduler.block(&scheduler, scheduler.now());
    }
  };
  EXPECT_EQ(scheduler.run(loop, 1'000), run_outcome::endless);
}

TEST(SeededScheduler, LetsTimePassWhenEverybodyWaits)
{
  seeded_scheduler scheduler(1);
  parker at;
  wake_reason reason{};
  scheduler.run([&] { reason = at.park(parker::clock::now() + std::chrono::hours(1)); }, bound);
  EXPECT_EQ(reason, wake_reason::deadline);
}

TEST(FutexTable, WakesTheLongestWaitingFirst)
{
  seeded_scheduler scheduler(3);
  futex_table table;
  const std::uint32_t word = 0;
  std::deque<parker> parkers(4);
  std::vector<std::size_t> waited;
  std::vector<std::size_t> woken;
  scheduler.run(
      [&] {
        for (std::size_t i = 0; i < parkers.size(); ++i) {
          scheduler.start("guest", [&, i] {
            scheduler.guest_step();
            waited.push_back(i); // and is in the list before anybody else runs: no point lies between
            table.wait32(&word, 0, std::nullopt, parkers[i]);
            woken.push_back(i);
          });
        }
        while (woken.size() < parkers.size()) {
          const std::size_t before = woken.size();
          if (waited.size() == parkers.size() && table.notify(&word, 1) == 1) {
            while (woken.size() == before) {
              scheduler.block(&scheduler, scheduler.now());
            }
          }
          scheduler.block(&scheduler, scheduler.now());
        }
      },
      bound);
  EXPECT_EQ(woken, waited);
}

world_report run_seed(std::uint64_t seed)
{
  const support::temporary_directory directory;
  return simulated_world(seed, directory.path()).run();
}

TEST(Simulation, RepeatsARunOfTheSameSeed)
{
  const world_report first = run_seed(11);
  const world_report again = run_seed(11);
  EXPECT_EQ(first.steps, again.steps);
  EXPECT_EQ(first.switches, again.switches);
  EXPECT_EQ(first.operations, again.operations);
}

} // namespace
} // namespace interlink::simulation

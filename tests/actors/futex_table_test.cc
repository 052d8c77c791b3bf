// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A waiter is another thread. That it is in the list shows when a notify finds it, so nothing here sleeps. The order of
// wake-ups needs a schedule that a test can choose: tests/simulation has it.
#include "actors/futex_table.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <future>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

namespace interlink {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t everybody = std::numeric_limits<std::uint32_t>::max();

parker::clock::time_point just_past()
{
  return parker::clock::now() - 1ms;
}

/// Notifies until `count` waiters have been woken.
void wake_when_there(futex_table& table, const void* word, std::uint32_t count)
{
  for (std::uint32_t woken = 0; woken < count;) {
    woken += table.notify(word, count - woken);
    std::this_thread::yield();
  }
}

TEST(FutexTable, DoesNotWaitWhenTheValueDiffers)
{
  futex_table table;
  parker at;
  const std::uint32_t word = 1;
  EXPECT_EQ(table.wait32(&word, 0, std::nullopt, at), futex_outcome::value_differs);
}

TEST(FutexTable, ComparesAllBitsOfA64BitWord)
{
  futex_table table;
  parker at;
  const std::uint64_t word = std::uint64_t{1} << 40;
  EXPECT_EQ(table.wait64(&word, 0, std::nullopt, at), futex_outcome::value_differs);
}

TEST(FutexTable, EndsAWaitAtItsDeadline)
{
  futex_table table;
  parker at;
  const std::uint32_t word = 0;
  EXPECT_EQ(table.wait32(&word, 0, just_past(), at), futex_outcome::timed_out);
}

TEST(FutexTable, ForgetsAWaiterThatTimedOut)
{
  futex_table table;
  parker at;
  const std::uint32_t word = 0;
  table.wait32(&word, 0, just_past(), at);
  EXPECT_EQ(table.notify(&word, everybody), 0U);
}

// A waiter that stayed in the list would be found at the next wait's place on the stack.
TEST(FutexTable, WakesAWaiterOnceAfterItHasTimedOut)
{
  futex_table table;
  parker at;
  const std::uint32_t word = 0;
  table.wait32(&word, 0, just_past(), at);
  std::uint32_t woken = 0;
  std::thread other([&] {
    while (woken == 0) {
      woken = table.notify(&word, everybody);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(table.wait32(&word, 0, std::nullopt, at), futex_outcome::woken);
  other.join();
  EXPECT_EQ(woken, 1U);
}

TEST(FutexTable, EndsAWaitAtAnInterruption)
{
  futex_table table;
  parker at;
  const std::uint32_t word = 0;
  for (int i = 0; i < 100; ++i) { // each try races the interruption with the start of the wait
    std::atomic<bool> is_interrupted{false};
    std::thread other([&] {
      is_interrupted = true;
      at.unpark();
    });
    EXPECT_EQ(table.wait32(&word, 0, std::nullopt, at, [&] { return is_interrupted.exchange(false); }),
              futex_outcome::interrupted);
    other.join();
  }
  EXPECT_EQ(table.notify(&word, everybody), 0U); // none is left in the list
}

TEST(FutexTable, TellsWhoWasWokenAndInterruptedAtOnceThatItWasWoken)
{
  futex_table table;
  parker at;
  const std::uint32_t word = 0;
  bool is_asked = false;
  EXPECT_EQ(table.wait32(&word, 0, std::nullopt, at,
                         [&] {
                           is_asked = true;
                           return table.notify(&word, 1) == 1;
                         }),
            futex_outcome::woken);
  EXPECT_TRUE(is_asked);
}

TEST(FutexTable, EndsAWaitWhenStopped)
{
  futex_table table;
  parker at;
  at.stop();
  const std::uint32_t word = 0;
  EXPECT_EQ(table.wait32(&word, 0, std::nullopt, at), futex_outcome::stopped);
}

TEST(FutexTable, ForgetsAWaiterThatWasStopped)
{
  futex_table table;
  parker at;
  at.stop();
  const std::uint32_t word = 0;
  table.wait32(&word, 0, std::nullopt, at);
  EXPECT_EQ(table.notify(&word, everybody), 0U);
}

TEST(FutexTable, WakesNobodyOfAnotherAddress)
{
  futex_table table;
  parker at;
  alignas(8) const std::uint32_t words[2] = {0, 0}; // of one bucket
  std::atomic<futex_outcome> outcome{futex_outcome::timed_out};
  std::promise<void> is_listed;
  std::thread waiter([&] {
    outcome = table.wait32(&words[0], 0, std::nullopt, at, [&, is_first = true]() mutable {
      if (std::exchange(is_first, false)) {
        is_listed.set_value();
      }
      return false;
    });
  });
  is_listed.get_future().wait();
  EXPECT_EQ(table.notify(&words[1], everybody), 0U);
  EXPECT_EQ(table.notify(&words[0], everybody), 1U);
  waiter.join();
  EXPECT_EQ(outcome, futex_outcome::woken);
}

TEST(FutexTable, WaitsOnWhenAPermitIsLeftOver)
{
  futex_table table;
  parker at;
  at.unpark();
  const std::uint32_t word = 0;
  EXPECT_EQ(table.wait32(&word, 0, just_past(), at), futex_outcome::timed_out);
}

TEST(FutexTable, WakesNoMoreThanAskedFor)
{
  futex_table table;
  const std::uint32_t word = 0;
  std::deque<parker> parkers(3);
  std::atomic<int> woken{0};
  std::vector<std::thread> threads;
  for (parker& at : parkers) {
    threads.emplace_back([&] { woken += table.wait32(&word, 0, std::nullopt, at) == futex_outcome::woken ? 1 : 0; });
  }
  wake_when_there(table, &word, 1);
  wake_when_there(table, &word, 1);
  for (parker& at : parkers) {
    at.stop();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(woken, 2);
}

TEST(FutexTable, LosesNoNotifyThatComesAfterTheStore)
{
  futex_table table;
  parker at;
  constexpr std::uint32_t rounds = 2'000;
  std::uint32_t word = 0;
  const std::atomic_ref<std::uint32_t> shared(word);
  std::thread waiter([&] {
    for (std::uint32_t round = 0; round < rounds; ++round) {
      while (shared.load() == round) {
        table.wait32(&word, round, std::nullopt, at); // a lost notify would leave it here for ever
      }
    }
  });
  for (std::uint32_t round = 0; round < rounds; ++round) {
    shared.store(round + 1);
    table.notify(&word, 1);
  }
  waiter.join();
  EXPECT_EQ(word, rounds);
}

} // namespace
} // namespace interlink

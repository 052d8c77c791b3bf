// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/operation_log.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace interlink {
namespace {

using log_of_numbers = operation_log<int>;

TEST(OperationLog, StartsWithAPlaceToStandOn)
{
  const log_of_numbers log(0);
  EXPECT_EQ(log.tail()->version(), topology_version{0});
}

TEST(OperationLog, ShowsAReaderEveryOperationInOrder)
{
  log_of_numbers log(0);
  log_of_numbers::cursor at = log.tail();
  for (std::uint64_t version = 1; version <= 3; ++version) {
    log.append({version}, static_cast<int>(version) * 10);
  }
  std::vector<int> seen;
  while (at->version() < log.tail()->version()) {
    at = log_of_numbers::cursor(at->next());
    seen.push_back(at->body());
  }
  EXPECT_EQ(seen, (std::vector<int>{10, 20, 30}));
}

TEST(OperationLog, SettlesWhenTheLastGroupHasTakenIt)
{
  log_of_numbers log(0);
  const log_of_numbers::cursor node = log.append({1}, 7);
  node->expect(3);
  EXPECT_FALSE(node->complete_one());
  EXPECT_FALSE(node->complete_one());
  EXPECT_TRUE(node->complete_one());
}

TEST(OperationLog, CountsTheGroupsThatAreLeft)
{
  log_of_numbers log(0);
  const log_of_numbers::cursor node = log.append({1}, 7);
  node->expect(3);
  node->complete_one();
  EXPECT_EQ(node->pending(), 2U);
}

TEST(OperationLog, SettlesOnceAmongManyThreads)
{
  log_of_numbers log(0);
  const log_of_numbers::cursor node = log.append({1}, 7);
  constexpr unsigned groups = 8;
  node->expect(groups);
  std::atomic<int> settled{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < groups; ++i) {
      threads.emplace_back([&] { settled += node->complete_one() ? 1 : 0; });
    }
  }
  EXPECT_EQ(settled, 1);
}

TEST(OperationLog, LetsGoOfWhatNoCursorNeeds)
{
  operation_log<std::shared_ptr<int>> log(nullptr);
  auto payload = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = payload;
  log.append({1}, std::move(payload));
  log.append({2}, nullptr);
  EXPECT_TRUE(watched.expired());
}

TEST(OperationLog, KeepsWhatALaggardStillNeeds)
{
  operation_log<std::shared_ptr<int>> log(nullptr);
  const auto laggard = log.tail();
  auto payload = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = payload;
  log.append({1}, std::move(payload));
  log.append({2}, nullptr);
  EXPECT_FALSE(watched.expired());
}

TEST(OperationLog, TakesDownALongChainWithoutRecursion)
{
  log_of_numbers log(0);
  log_of_numbers::cursor laggard = log.tail();
  for (std::uint64_t version = 1; version <= 200'000; ++version) {
    log.append({version}, 0);
  }
  laggard.reset(); // a frame for each node would overflow the stack here
  EXPECT_EQ(log.tail().use_count(), 1);
}

TEST(OperationLog, IsReadWhileItGrows)
{
  log_of_numbers log(0);
  constexpr std::uint64_t last = 20'000;
  std::atomic<std::uint64_t> published{0};
  log_of_numbers::cursor at = log.tail();
  bool is_in_order = true;
  std::thread reader([&] {
    while (at->version().value < last) {
      const std::uint64_t up_to = published.load();
      while (at->version().value < up_to) {
        const auto next = log_of_numbers::cursor(at->next());
        is_in_order = is_in_order && next->version().value == at->version().value + 1;
        at = next;
      }
    }
  });
  for (std::uint64_t version = 1; version <= last; ++version) {
    log.append({version}, 0);
    published.store(version);
  }
  reader.join();
  EXPECT_TRUE(is_in_order);
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/published.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace interlink {
namespace {

TEST(Published, GivesWhatWasStoredLast)
{
  published<int> value(std::make_shared<const int>(1));
  value.store(std::make_shared<const int>(2));
  EXPECT_EQ(*value.load(), 2);
}

TEST(Published, LeavesReadersTheValueTheyHave)
{
  published<int> value(std::make_shared<const int>(1));
  const auto held = value.load();
  value.store(std::make_shared<const int>(2));
  EXPECT_EQ(*held, 1);
}

TEST(Published, LetsGoOfWhatNobodyHolds)
{
  auto first = std::make_shared<const int>(1);
  const std::weak_ptr<const int> watched = first;
  published<int> value(std::move(first));
  value.store(std::make_shared<const int>(2));
  EXPECT_TRUE(watched.expired());
}

TEST(Published, NeverGoesBackForAnyReader)
{
  published<int> value(std::make_shared<const int>(0));
  std::atomic<bool> went_back{false};
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&] {
        for (int last = 0; last < 2'000;) {
          const int now = *value.load();
          went_back = went_back || now < last;
          last = now;
        }
      });
    }
    for (int next = 1; next <= 2'000; ++next) {
      value.store(std::make_shared<const int>(next));
    }
  }
  EXPECT_FALSE(went_back);
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/table_layout.hh"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace interlink {
namespace {

TEST(TableLayout, NeverHandsOutSlotZero)
{
  table_layout table;
  EXPECT_EQ(table.allocate(3, 0)->value, 1U);
}

TEST(TableLayout, GivesSlotZeroForNoSlots)
{
  table_layout table;
  EXPECT_EQ(table.allocate(0, 0).value(), null_slot);
  EXPECT_EQ(table.size(), 1U);
}

TEST(TableLayout, AlignsTheBase)
{
  table_layout table;
  EXPECT_EQ(table.allocate(2, 3)->value, 8U);
  EXPECT_EQ(table.allocate(7, 0)->value, 1U);
}

TEST(TableLayout, LetsSlotsOfClosedLibrariesRestOldestFirst)
{
  table_layout table;
  table.allocate(6, 0);
  table.retire(table_index{1}, 2, 4);
  table.retire(table_index{5}, 2, 4);
  EXPECT_EQ(table.allocate(2, 0)->value, 7U);
  table.retire(table_index{3}, 2, 4);
  EXPECT_EQ(table.allocate(2, 0)->value, 1U);
  EXPECT_EQ(table.allocate(2, 0)->value, 9U);
  table.end_rest();
  EXPECT_EQ(table.allocate(4, 0)->value, 3U);
}

TEST(TableLayout, GivesRestingSlotsOutBeforeItIsFull)
{
  table_layout table(1, 5);
  table.allocate(4, 0);
  table.retire(table_index{3}, 1, 100);
  table.retire(table_index{2}, 1, 100);
  EXPECT_EQ(table.allocate(1, 0)->value, 3U);
  EXPECT_EQ(table.allocate(1, 0)->value, 2U);
  EXPECT_FALSE(table.allocate(1, 0));
}

TEST(TableLayout, ReusesFreedSlotsAtOnce)
{
  table_layout table;
  const auto base = table.allocate(4, 0);
  table.allocate(1, 0);
  table.free(*base, 4);
  EXPECT_EQ(*table.allocate(3, 0), *base);
  EXPECT_EQ(table.allocate(1, 0)->value, 4U);
}

TEST(TableLayout, GrowsAFreeRangeAtTheEndInsteadOfPassingItOver)
{
  table_layout table;
  table.free(*table.allocate(4, 0), 4);
  EXPECT_EQ(table.allocate(6, 0)->value, 1U);
  EXPECT_EQ(table.size(), 7U);
}

TEST(TableLayout, NeverGetsShorter)
{
  table_layout table;
  table.free(*table.allocate(4, 0), 4);
  EXPECT_EQ(table.size(), 5U);
  EXPECT_EQ(table.used_end(), 1U);
}

TEST(TableLayout, NamesTheNumbersWhenItIsFull)
{
  table_layout table(1, 10);
  ASSERT_TRUE(table.allocate(5, 0));
  const auto failed = table.allocate(6, 0);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), errc::table_exhausted);
  EXPECT_EQ(failed.error().detail().message, "the function table cannot take 6 more slots: it has 6 of at most 10");
}

TEST(TableLayout, FillsTheTableToItsMaximum)
{
  table_layout table(1, 10);
  EXPECT_TRUE(table.allocate(9, 0));
  EXPECT_FALSE(table.allocate(1, 0));
}

TEST(TableLayout, IsUnchangedByAFailedAllocation)
{
  table_layout table(1, 10);
  table.free(*table.allocate(4, 0), 4);
  const table_layout before = table;
  EXPECT_FALSE(table.allocate(100, 4));
  EXPECT_EQ(table, before);
}

TEST(TableLayout, NeverGivesOneSlotTwiceInRandomHistories)
{
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    table_layout table(1, 500);
    std::map<std::uint32_t, std::uint32_t> live; // base to count
    for (int step = 0; step < 300; ++step) {
      if (!live.empty() && random() % 2 == 0) {
        auto victim = std::next(live.begin(), static_cast<std::ptrdiff_t>(random() % live.size()));
        table.free(table_index{victim->first}, victim->second);
        live.erase(victim);
        continue;
      }
      const std::uint32_t count = 1 + random() % 20;
      const auto base = table.allocate(count, random() % 4);
      if (!base) {
        continue;
      }
      const auto next = live.lower_bound(base->value);
      ASSERT_TRUE(next == live.end() || base->value + count <= next->first) << "seed " << seed;
      ASSERT_TRUE(next == live.begin() || std::prev(next)->first + std::prev(next)->second <= base->value)
          << "seed " << seed;
      live.emplace(base->value, count);
    }
    for (const auto& [base, count] : live) {
      table.free(table_index{base}, count);
    }
    ASSERT_EQ(table.used_end(), 1U) << "seed " << seed;
  }
}

} // namespace
} // namespace interlink

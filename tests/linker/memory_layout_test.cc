// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/memory_layout.hh"

#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace interlink {
namespace {

using test::module_info_builder;
using test::pie_main;

constexpr topology_version version_zero{0};

memory_arena arena_of(std::uint64_t address, std::uint64_t size)
{
  memory_arena arena;
  arena.add({address, size}, false);
  return arena;
}

TEST(MemoryArena, GivesTheSmallestRangeThatFits)
{
  memory_arena arena = arena_of(0x1000, 0x1000);
  arena.add({0x4000, 0x100}, false);
  EXPECT_EQ(arena.allocate(0x80, 16, version_zero)->range.address, 0x4000U);
}

TEST(MemoryArena, GivesTheLowestAmongRangesOfOneSize)
{
  memory_arena arena = arena_of(0x4000, 0x100);
  arena.add({0x1000, 0x100}, false);
  EXPECT_EQ(arena.allocate(0x80, 16, version_zero)->range.address, 0x1000U);
}

TEST(MemoryArena, HonoursAlignmentAndKeepsWhatItSkips)
{
  memory_arena arena = arena_of(0x1010, 0x2000);
  EXPECT_EQ(arena.allocate(0x10, 0x1000, version_zero)->range.address, 0x2000U);
  EXPECT_EQ(arena.allocate(0xff0, 16, version_zero)->range.address, 0x1010U);
}

TEST(MemoryArena, JoinsNeighboursWhenTheyComeBack)
{
  memory_arena arena = arena_of(0x1000, 0x300);
  const memory_arena before = arena;
  const auto first = arena.allocate(0x100, 16, version_zero)->range;
  const auto second = arena.allocate(0x100, 16, version_zero)->range;
  const auto third = arena.allocate(0x100, 16, version_zero)->range;
  for (const memory_range& range : {first, third, second}) {
    arena.free(range, false, version_zero);
  }
  EXPECT_EQ(arena, before);
}

TEST(MemoryArena, PassesOverARangeThatALaggardMayStillWrite)
{
  memory_arena arena;
  arena.free({0x1000, 0x100}, true, topology_version{5});
  EXPECT_FALSE(arena.allocate(0x100, 16, topology_version{4}));
  EXPECT_TRUE(arena.allocate(0x100, 16, topology_version{5}));
}

TEST(MemoryArena, TellsTheOwnerOfAUsedRangeToZeroIt)
{
  memory_arena arena;
  arena.free({0x1000, 0x100}, true, version_zero);
  EXPECT_TRUE(arena.allocate(0x10, 16, version_zero)->is_dirty);
}

TEST(MemoryArena, TellsTheOwnerOfAFreshRangeNotToZeroIt)
{
  memory_arena arena = arena_of(0x1000, 0x100);
  EXPECT_FALSE(arena.allocate(0x10, 16, version_zero)->is_dirty);
}

TEST(MemoryArena, JoinsRangesFreedAtDifferentVersionsOnceBothMayBeReused)
{
  memory_arena arena;
  arena.free({0x1000, 0x100}, true, topology_version{2});
  arena.free({0x1100, 0x100}, true, topology_version{3});
  EXPECT_FALSE(arena.allocate(0x200, 16, topology_version{3}));
  arena.settle(topology_version{3});
  EXPECT_TRUE(arena.allocate(0x200, 16, topology_version{3}));
}

TEST(MemoryArena, NeverOverlapsAllocationsInRandomHistories)
{
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    memory_arena arena = arena_of(0x10000, 0x10000);
    const memory_arena before = arena;
    std::vector<memory_range> live;
    for (int step = 0; step < 200; ++step) {
      if (!live.empty() && random() % 3 == 0) {
        const std::size_t victim = random() % live.size();
        arena.free(live[victim], false, version_zero);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(victim));
        continue;
      }
      const std::uint64_t alignment = std::uint64_t{1} << (random() % 9);
      const auto taken = arena.allocate(1 + random() % 2000, alignment, version_zero);
      if (!taken) {
        continue;
      }
      ASSERT_EQ(taken->range.address % alignment, 0U) << "seed " << seed;
      for (const memory_range& other : live) {
        ASSERT_TRUE(taken->range.end() <= other.address || other.end() <= taken->range.address) << "seed " << seed;
      }
      live.push_back(taken->range);
    }
    for (const memory_range& range : live) {
      arena.free(range, false, version_zero);
    }
    ASSERT_EQ(arena, before) << "seed " << seed;
  }
}

TEST(MainLayout, PutsNothingAtAddressZero)
{
  const auto layout = plan_main_layout(*pie_main().build(), {});
  ASSERT_TRUE(layout);
  EXPECT_GE(layout->memory_base.value, 1024U);
}

TEST(MainLayout, OrdersDataStackArenaAndHeap)
{
  const auto layout = plan_main_layout(*pie_main().data_size(100'000).build(), {});
  ASSERT_TRUE(layout);
  EXPECT_GE(layout->stack_low.value, layout->memory_base.value + 100'000);
  EXPECT_EQ(layout->stack_high.value - layout->stack_low.value, std::uint64_t{8} << 20);
  EXPECT_GE(layout->arena.address, layout->stack_high.value);
  EXPECT_EQ(layout->arena.size, std::uint64_t{64} << 20);
  EXPECT_EQ(layout->heap_base.value, layout->arena.end());
}

TEST(MainLayout, StartsWithMemoryUpToTheHeapBase)
{
  const auto layout = plan_main_layout(*pie_main().build(), {});
  ASSERT_TRUE(layout);
  EXPECT_GE(layout->memory.size.minimum * 65'536, layout->heap_base.value);
}

TEST(MainLayout, CutsTheArenaToHalfOfWhatTheMaximumLeaves)
{
  memory_options options;
  options.stack_bytes = 65'536;
  options.maximum_bytes = 4U << 20;
  const auto layout = plan_main_layout(*pie_main().build(), options);
  ASSERT_TRUE(layout);
  EXPECT_GT(layout->arena.size, 0U);
  EXPECT_LE(layout->arena.end(), 3U << 20);
}

TEST(MainLayout, HasTheOptionForAMaximumWhenItIsLowerThanTheDeclaredOne)
{
  memory_options options;
  options.maximum_bytes = 256U << 20;
  const auto layout = plan_main_layout(*pie_main().build(), options);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->memory.size.maximum, 4096U); // the guest's own growth stops there, too
  EXPECT_EQ(layout->maximum_pages, 4096U);
}

TEST(MainLayout, NamesDataStackAndMaximumWhenTheyDoNotFit)
{
  memory_options options;
  options.maximum_bytes = 1U << 20;
  const auto layout = plan_main_layout(*pie_main().data_size(1000).build(), options);
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code(), errc::memory_exhausted);
  const std::string text = layout.error().message();
  EXPECT_NE(text.find("1000 bytes"), std::string::npos) << text;
  EXPECT_NE(text.find("8388608 bytes"), std::string::npos) << text;
  EXPECT_NE(text.find("1048576 bytes"), std::string::npos) << text;
}

TEST(MainLayout, KnowsAFixedAddressMain)
{
  const auto layout = plan_main_layout(*module_info_builder().import_memory(2).data("__heap_base", 70'832).build(), {});
  ASSERT_TRUE(layout);
  EXPECT_TRUE(layout->is_fixed_address);
  EXPECT_EQ(layout->memory_base.value, 0U);
  EXPECT_EQ(layout->stack_high.value, 0U);
  EXPECT_EQ(layout->heap_base.value, 70'832U);
  EXPECT_EQ(layout->arena.size, 0U);
}

TEST(MainLayout, RefusesAMainThatBringsItsOwnMemory)
{
  const auto layout = plan_main_layout(*module_info_builder().build(), {});
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code(), errc::unsupported_module);
}

TEST(MainLayout, RefusesA64BitMemory)
{
  module_info_builder main;
  main.import("env", "memory", memory_type{{1, 10}, true, true, 16});
  EXPECT_EQ(plan_main_layout(*main.build(), {}).error().code(), errc::unsupported_module);
}

TEST(MainLayout, RefusesAnAbsurdStack)
{
  memory_options options;
  options.stack_bytes = ~std::uint64_t{0};
  EXPECT_EQ(plan_main_layout(*pie_main().build(), options).error().code(), errc::limit_exceeded);
}

} // namespace
} // namespace interlink

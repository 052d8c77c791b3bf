// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/group_blocks.hh"
#include "linker/topology.hh"
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace interlink {
namespace {

using namespace test;

joined_group join(linking_world& world, std::optional<memory_address> main_tls = std::nullopt)
{
  auto outcome = join_group(world.state, main_tls);
  auto* joined = std::get_if<joined_group>(&outcome);
  EXPECT_NE(joined, nullptr);
  return joined == nullptr ? joined_group{} : std::move(*joined);
}

linking_world world_with_tls()
{
  linking_world world = linking_world::running(pie_main().tls(32).build());
  world.add("libx", side().tls(40).build());
  world.open("libx");
  return world;
}

TEST(JoinGroup, GivesTheCurrentSnapshot)
{
  linking_world world = world_with_tls();
  EXPECT_EQ(join(world).from, world.state.current);
}

TEST(JoinGroup, NeverUsesANumberTwice)
{
  linking_world world = world_with_tls();
  const group_id first = join(world).id;
  leave_group(world.state, first);
  EXPECT_GT(join(world).id, first);
}

TEST(JoinGroup, GivesABlockForEachModuleWithThreadLocals)
{
  linking_world world = world_with_tls();
  const joined_group joined = join(world);
  ASSERT_EQ(joined.blocks.size(), 2U);
  EXPECT_EQ(joined.blocks[0].module, main_module);
  EXPECT_EQ(joined.blocks[0].size, 32U);
  EXPECT_EQ(joined.blocks[1].module, world.id_of("libx"));
  EXPECT_EQ(joined.blocks[1].size, 40U);
}

TEST(JoinGroup, TakesMainsBlockFromTheGuest)
{
  linking_world world = world_with_tls();
  const joined_group joined = join(world, memory_address{0x9000'0000});
  EXPECT_EQ(joined.blocks[0].address.value, 0x9000'0000U);
  EXPECT_FALSE(world.state.roster.at(joined.id).owns_main_tls);
}

// A newcomer between prepare and commit has its block by the time of the commit.
TEST(JoinGroup, ReservesBlocksForLoadsInFlight)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().tls(40).build());
  const planned_load planned = world.plan("libx");
  const group_id newcomer = join(world).id;
  const operation_body body = commit_load(world.state, planned.id, {});
  const auto& blocks = std::get<load_modules>(body).blocks;
  EXPECT_EQ(std::ranges::count(blocks, newcomer, &group_block::group), 1);
  EXPECT_EQ(world.state.roster.at(newcomer).blocks.at(planned.root).size, 40U);
}

TEST(JoinGroup, GivesAScratchStackWhenALoadInFlightHasAnOpenStart)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().open_start().build());
  world.plan("libx");
  const joined_group joined = join(world);
  ASSERT_EQ(joined.blocks.size(), 1U);
  EXPECT_EQ(joined.blocks[0].module, no_module);
  EXPECT_EQ(joined.blocks[0].size, scratch_stack_bytes);
}

TEST(JoinGroup, ChangesNothingWhenItNeedsMemory)
{
  const auto main = module_info_builder().import_memory(2).data("__heap_base", 70'832).build();
  linking_world world = linking_world::running(main);
  world.add("libx", module_info_builder().tls(40).build());
  const prepare_outcome asked = world.prepare("libx");
  add_memory(world.state, {0x100000, std::get<needs_memory>(asked).size});
  world.open("libx");
  const std::uint64_t before = hash_of(world.state);
  auto outcome = join_group(world.state, std::nullopt);
  const auto* needs = std::get_if<needs_memory>(&outcome);
  ASSERT_NE(needs, nullptr);
  EXPECT_EQ(hash_of(world.state), before);
  add_memory(world.state, {0x200000, needs->size});
  join(world);
}

TEST(JoinGroup, RefusesOnceTheProcessStops)
{
  linking_world world = world_with_tls();
  stop(world.state, 0);
  auto outcome = join_group(world.state, std::nullopt);
  ASSERT_NE(std::get_if<error>(&outcome), nullptr);
  EXPECT_EQ(std::get<error>(outcome).code(), errc::stopping);
}

TEST(JoinGroup, RefusesBeyondTheLimit)
{
  linking_world world = linking_world::running(pie_main().build());
  error refused = errc::cancelled;
  for (int i = 0; i < 5000 && refused == errc::cancelled; ++i) {
    auto outcome = join_group(world.state, std::nullopt);
    if (const auto* failed = std::get_if<error>(&outcome)) {
      refused = *failed;
    }
  }
  EXPECT_EQ(refused.code(), errc::spawn_failed);
  EXPECT_EQ(world.state.roster.size(), 4096U);
}

TEST(LeaveGroup, GivesAllBlocksBack)
{
  linking_world world = world_with_tls();
  world.add("liby", side().open_start().tls(8).build());
  world.open("liby");
  // The second time round: the first leaves ranges behind that are free, and used before.
  leave_group(world.state, join(world).id);
  const std::uint64_t before = hash_of(world.state);
  leave_group(world.state, join(world).id);
  EXPECT_EQ(hash_of(world.state), before);
}

TEST(LeaveGroup, LeavesMainsBlockToTheGuestThatGaveIt)
{
  linking_world world = world_with_tls();
  const auto ranges_before = world.state.arena.free_ranges().size();
  leave_group(world.state, join(world, memory_address{0x9000'0000}).id);
  for (const memory_arena::free_range& free : world.state.arena.free_ranges()) {
    EXPECT_LT(free.range.end(), 0x9000'0000U);
  }
  EXPECT_GE(world.state.arena.free_ranges().size(), ranges_before);
}

TEST(LeaveGroup, AbandonsItsLoadInFlight)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().data_size(100).tls(8).build());
  const group_id opener = world.join();
  const group_id other = world.join();
  world.plan("libx", {}, opener);
  leave_group(world.state, opener);
  EXPECT_TRUE(world.state.loads.empty());
  EXPECT_NE(world.open("libx", {}, other), no_module);
}

TEST(LeaveGroup, TakesItsBlocksOutOfLoadsInFlight)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().tls(40).build());
  const group_id leaver = world.join();
  const planned_load planned = world.plan("libx");
  leave_group(world.state, leaver);
  const operation_body body = commit_load(world.state, planned.id, {});
  EXPECT_EQ(std::get<load_modules>(body).blocks.size(), 1U);
}

TEST(LeaveGroup, BetweenPrepareAndAbandonLeavesNothingBehind)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().data_size(100).tls(40).build());
  const std::uint64_t before = hash_of(world.state);
  const group_id leaver = world.join();
  const planned_load planned = world.plan("libx");
  leave_group(world.state, leaver);
  abandon_load(world.state, planned.id);
  EXPECT_EQ(hash_of(world.state), before);
}

TEST(LeaveGroup, DoesNothingForAGroupThatHasLeft)
{
  linking_world world = world_with_tls();
  const group_id leaver = join(world).id;
  leave_group(world.state, leaver);
  const std::uint64_t before = hash_of(world.state);
  leave_group(world.state, leaver);
  EXPECT_EQ(hash_of(world.state), before);
}

} // namespace
} // namespace interlink

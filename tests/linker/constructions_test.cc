// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constructors: T6 and T7 of linker/topology.hh.
#include "linker/topology.hh"
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

constexpr group_id first{1};

struct chain_world : ::testing::Test {
  chain_world() : world(linking_world::running(pie_main().build()))
  {
    world.add("libbase", side().build());
    world.add("libmid", side().needs("libbase").build());
    world.add("libother", side().needs("libbase").build());
    second = world.join();
  }

  planned_load commit(const std::string& name, group_id group)
  {
    planned_load planned = world.plan(name, {}, group);
    commit_load(world.state, planned.id, {});
    return planned;
  }

  construct_outcome next(group_id group, load_id own, module_id root)
  {
    return next_constructor(world.state, group, own, root);
  }

  static module_id to_run(const construct_outcome& outcome)
  {
    const auto* run = std::get_if<run_constructor>(&outcome);
    return run == nullptr ? no_module : run->module;
  }

  static bool is_done(const construct_outcome& outcome) { return std::holds_alternative<constructors_done>(outcome); }

  linking_world world;
  group_id second;
};

using Constructions = chain_world;

TEST_F(Constructions, RunDependenciesFirst)
{
  world.open("libmid");
  EXPECT_EQ(world.constructed, (std::vector<module_id>{world.id_of("libbase"), world.id_of("libmid")}));
}

TEST_F(Constructions, RunOnceForAllOpeners)
{
  world.open("libmid");
  world.open("libmid");
  world.open("libother");
  EXPECT_EQ(world.constructed,
            (std::vector<module_id>{world.id_of("libbase"), world.id_of("libmid"), world.id_of("libother")}));
}

TEST_F(Constructions, LeaveOutMainWhichRunsItsOwn)
{
  EXPECT_TRUE(world.constructed.empty());
}

TEST_F(Constructions, OfNeededLibrariesRunBeforeMainStarts)
{
  linking_world program = linking_world::running(pie_main().needs("liba").build(), {{"liba", side().build()}});
  EXPECT_EQ(program.constructed, std::vector<module_id>{program.id_of("liba")});
}

TEST_F(Constructions, MakeAnotherThreadWaitForTheirOwner)
{
  const planned_load load = commit("libmid", first);
  next(first, load.id, load.root);
  const construct_outcome outcome = next(second, no_load, load.root);
  ASSERT_NE(std::get_if<wait_for_constructor>(&outcome), nullptr);
  EXPECT_EQ(std::get<wait_for_constructor>(outcome).owner, first);
  EXPECT_EQ(std::get<wait_for_constructor>(outcome).module, world.id_of("libbase"));
}

// An opener of a module that needs one under construction waits, though the module itself is its own.
TEST_F(Constructions, WaitForTheWholeClosureDependenciesFirst)
{
  const planned_load base = commit("libbase", first);
  next(first, base.id, base.root);
  const planned_load user = commit("libmid", second);
  EXPECT_EQ(std::get<wait_for_constructor>(next(second, user.id, user.root)).module, base.root);
  finish_constructor(world.state, first, base.root);
  EXPECT_EQ(to_run(next(second, user.id, user.root)), user.root);
}

// T7.
TEST_F(Constructions, GoOnWhenAWaitWouldCloseACycle)
{
  const planned_load base = commit("libbase", first);
  const planned_load user = commit("libmid", second);
  world.add("libthird", side().build());
  const planned_load third = commit("libthird", second);
  ASSERT_EQ(to_run(next(first, base.id, base.root)), base.root);
  ASSERT_EQ(to_run(next(second, third.id, third.root)), third.root);
  EXPECT_NE(std::get_if<wait_for_constructor>(std::vector{next(first, no_load, third.root)}.data()), nullptr);
  EXPECT_EQ(to_run(next(second, user.id, user.root)), user.root);
}

// T7.
TEST_F(Constructions, SeeACycleOfThreeWaiters)
{
  const group_id third = world.join();
  for (const char* name : {"a", "b", "c"}) {
    world.add(name, side().build());
  }
  const planned_load a = commit("a", first);
  const planned_load b = commit("b", second);
  const planned_load c = commit("c", third);
  next(first, a.id, a.root);
  next(second, b.id, b.root);
  next(third, c.id, c.root);
  next(first, no_load, b.root);
  next(second, no_load, c.root);
  EXPECT_TRUE(is_done(next(third, no_load, a.root)));
}

TEST_F(Constructions, AskAgainWithoutTheOldWait)
{
  const planned_load base = commit("libbase", first);
  next(first, base.id, base.root);
  next(second, no_load, base.root);
  EXPECT_EQ(world.state.waits_for.at(second), first);
  finish_constructor(world.state, first, base.root);
  EXPECT_TRUE(is_done(next(second, no_load, base.root)));
  EXPECT_TRUE(world.state.waits_for.empty());
}

TEST_F(Constructions, AreSkippedByARecursiveOpenOfTheSameThread)
{
  const planned_load load = commit("libmid", first);
  next(first, load.id, load.root);
  EXPECT_TRUE(is_done(next(first, no_load, load.root)));
}

TEST_F(Constructions, RunForANestedLoadWhileTheOuterOnesWait)
{
  const planned_load outer = commit("libmid", first);
  ASSERT_EQ(to_run(next(first, outer.id, outer.root)), world.id_of("libbase"));
  const planned_load nested = commit("libother", first);
  EXPECT_EQ(to_run(next(first, nested.id, nested.root)), nested.root);
}

// T6.
TEST_F(Constructions, NeverBeginTwice)
{
  const planned_load load = commit("libbase", first);
  ASSERT_EQ(to_run(next(first, load.id, load.root)), load.root);
  EXPECT_TRUE(is_done(next(first, load.id, load.root)));
}

TEST_F(Constructions, CutShortByALeavingThreadCountAsRun)
{
  const planned_load load = commit("libbase", second);
  next(second, load.id, load.root);
  leave_group(world.state, second);
  EXPECT_TRUE(is_done(next(first, no_load, load.root)));
}

TEST_F(Constructions, NotBegunByALeavingThreadPassToTheNextThatNeedsThem)
{
  const planned_load load = commit("libmid", second);
  next(second, load.id, load.root);
  leave_group(world.state, second);
  EXPECT_EQ(to_run(next(first, no_load, load.root)), world.id_of("libmid"));
}

TEST_F(Constructions, TakenOverMakeOthersWaitForWhoRunsThem)
{
  const group_id third = world.join();
  const planned_load load = commit("libmid", second);
  leave_group(world.state, second);
  next(first, no_load, load.root);
  EXPECT_EQ(std::get<wait_for_constructor>(next(third, no_load, load.root)).owner, first);
}

TEST_F(Constructions, RunInACycleOfNeededModules)
{
  world.add("cycle_a", side().needs("cycle_b").build());
  world.add("cycle_b", side().needs("cycle_a").build());
  world.open("cycle_a");
  EXPECT_EQ(world.constructed, (std::vector<module_id>{world.id_of("cycle_b"), world.id_of("cycle_a")}));
}

// Found by the simulation, seed 24,305: a module of the cycle began before what only the other one names.
TEST_F(Constructions, OfACycleBeginAfterAllThatAnyOfItsModulesNeeds)
{
  world.add("libring", side().needs("libback").needs("libbase").build());
  world.add("libback", side().needs("libring").build());
  const planned_load base = commit("libbase", first);
  const planned_load ring = commit("libring", second);
  const construct_outcome outcome = next(second, ring.id, ring.root);
  ASSERT_TRUE(std::holds_alternative<wait_for_constructor>(outcome));
  EXPECT_EQ(std::get<wait_for_constructor>(outcome).module, base.root);
}

TEST_F(Constructions, AreForgottenWhenAllHaveRun)
{
  world.open("libmid");
  EXPECT_TRUE(world.state.constructions.empty());
  EXPECT_TRUE(world.state.constructed_by.empty());
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/topology.hh"
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace interlink {
namespace {

using namespace test;

library_handle handle_of(const linking_world& world, const std::string& name)
{
  return library_handle{world.id_of(name).value};
}

constexpr group_id first{1};

std::vector<module_id> close(linking_world& world, const std::string& name, group_id closer = first)
{
  auto closed = close_library(world.state, closer, handle_of(world, name));
  EXPECT_TRUE(closed);
  return closed.value_or(std::vector<module_id>{});
}

linking_world world_of(const std::map<std::string, module_info_builder>& libraries)
{
  linking_world world = linking_world::running(pie_main().build());
  for (const auto& [name, library] : libraries) {
    world.add(name, library.build());
  }
  return world;
}

TEST(CloseLibrary, CountsHandles)
{
  linking_world world = world_of({{"libx", side()}});
  world.open("libx");
  world.open("libx");
  EXPECT_TRUE(close(world, "libx").empty());
  EXPECT_EQ(close(world, "libx").size(), 1U);
}

TEST(CloseLibrary, RunsDestructorsOfUsersBeforeThoseOfDependencies)
{
  linking_world world = world_of({{"libx", side().needs("libbase")}, {"libbase", side()}});
  world.open("libx");
  EXPECT_EQ(close(world, "libx"), (std::vector<module_id>{world.id_of("libx"), world.id_of("libbase")}));
}

TEST(CloseLibrary, KeepsADependencyThatOthersNeed)
{
  linking_world world =
      world_of({{"libx", side().needs("libbase")}, {"liby", side().needs("libbase")}, {"libbase", side()}});
  world.open("libx");
  world.open("liby");
  EXPECT_EQ(close(world, "libx"), std::vector<module_id>{world.id_of("libx")});
}

// A host function belongs to no module: its address outlives whoever took it first.
TEST(CloseLibrary, KeepsTheSlotOfAHostFunction)
{
  linking_world world =
      world_of({{"libx", side().import_address("host_log")}, {"liby", side().import_address("host_log")}});
  world.catalog().offered[{"env", "host_log"}] = int_function;
  world.open("libx");
  const std::vector<module_id> closing = close(world, "libx");
  const import_binding old = bound(world.plan_of("libx"), "host_log");
  world.open("liby");
  EXPECT_EQ(bound(world.plan_of("liby"), "host_log"), old);
  const operation_body unloaded = unload(world.state, closing);
  EXPECT_TRUE(std::get<unload_modules>(unloaded).slots.empty());
  EXPECT_EQ(world.state.current->host_slots->size(), 1U);
}

TEST(CloseLibrary, KeepsALibraryThatAnotherIsBoundTo)
{
  linking_world world = world_of({{"libglobal", side().function("f")}, {"libx", side().import_function("f")}});
  world.open("libglobal", {.is_global = true});
  world.open("libx");
  EXPECT_TRUE(close(world, "libglobal").empty());
}

TEST(CloseLibrary, KeepsADependencyWhileItsUserIsClosing)
{
  linking_world world =
      world_of({{"libx", side().needs("libbase")}, {"liby", side().needs("libbase")}, {"libbase", side()}});
  world.open("libx");
  world.open("liby");
  close(world, "libx"); // closing: its destructors have not run
  EXPECT_EQ(close(world, "liby"), std::vector<module_id>{world.id_of("liby")});
}

TEST(CloseLibrary, KeepsALibraryThatALazyImportIsBoundTo)
{
  linking_world world = world_of({{"libglobal", side().function("f")}, {"libx", side().import_function("f")}});
  world.open("libx");
  world.open("libglobal", {.is_global = true});
  ASSERT_TRUE(bind_lazy(world.state, world.id_of("libx"), 0));
  EXPECT_TRUE(close(world, "libglobal").empty());
}

TEST(CloseLibrary, ClosesModulesThatNeedEachOther)
{
  linking_world world = world_of({{"liba", side().needs("libb")}, {"libb", side().needs("liba")}});
  world.open("liba");
  EXPECT_EQ(close(world, "liba").size(), 2U);
}

TEST(CloseLibrary, KeepsAFinalLibrary)
{
  linking_world world = world_of({{"libx", side()}});
  world.open("libx", {.is_final = true});
  EXPECT_TRUE(close(world, "libx").empty());
}

TEST(CloseLibrary, KeepsWhatALoadInFlightIsBoundTo)
{
  linking_world world = world_of({{"libglobal", side().function("f")}, {"libx", side().import_function("f")}});
  world.open("libglobal", {.is_global = true});
  world.plan("libx");
  EXPECT_TRUE(close(world, "libglobal").empty());
}

TEST(CloseLibrary, ClosesInALaterTurnWhatAnAbandonedLoadHeld)
{
  linking_world world =
      world_of({{"libglobal", side().function("f")}, {"libx", side().import_function("f")}, {"liby", side()}});
  world.open("libglobal", {.is_global = true});
  world.open("liby");
  const load_id held = world.plan("libx").id;
  close(world, "libglobal");
  abandon_load(world.state, held);
  EXPECT_EQ(close(world, "liby").size(), 2U);
}

TEST(CloseLibrary, RefusesAHandleThatIsNotOpen)
{
  linking_world world = world_of({});
  EXPECT_EQ(close_library(world.state, first, library_handle{9}).error().code(), errc::invalid_handle);
}

// A thread-local object's destructor.
TEST(PinModules, KeepsALibraryUntilThePinIsGivenBack)
{
  linking_world world = world_of({{"libx", side().needs("libbase")}, {"libbase", side()}, {"liby", side()}});
  const module_id pinned = world.open("libx");
  world.open("liby");
  ASSERT_TRUE(pin_modules(world.state, first, {pinned}));
  ASSERT_TRUE(pin_modules(world.state, first, {pinned}));
  EXPECT_TRUE(close(world, "libx").empty());
  unpin_modules(world.state, first, {pinned});
  EXPECT_EQ(close(world, "liby").size(), 1U);
  unpin_modules(world.state, first, {pinned});
  world.add("libz", side().build());
  world.open("libz");
  EXPECT_EQ(close(world, "libz").size(), 3U);
}

TEST(PinModules, EndsWithItsThread)
{
  linking_world world = world_of({{"libx", side()}});
  const group_id thread = world.join();
  ASSERT_TRUE(pin_modules(world.state, thread, {world.open("libx")}));
  leave_group(world.state, thread);
  EXPECT_EQ(close(world, "libx").size(), 1U);
}

TEST(PinModules, RefusesAClosingModuleAndPinsNone)
{
  linking_world world = world_of({{"libx", side()}, {"liby", side()}});
  const module_id closing = world.open("libx");
  const module_id other = world.open("liby");
  close(world, "libx");
  EXPECT_EQ(pin_modules(world.state, first, {other, closing}).error().code(), errc::invalid_handle);
  EXPECT_EQ(close(world, "liby").size(), 1U);
}

// Its closer has left, and with it the close: the thread that ran a handler meanwhile comes with the second turn.
TEST(Unload, PassesOverModulesThatAreGone)
{
  linking_world world = world_of({{"libx", side()}, {"liby", side()}});
  world.open("liby");
  const group_id closer = world.join();
  world.open("libx");
  const std::vector<module_id> closing = close(world, "libx", closer);
  leave_group(world.state, closer);
  const std::uint64_t before = hash_of(world.state);
  unload(world.state, closing);
  EXPECT_EQ(hash_of(world.state), before);
}

TEST(Unload, NotesTheNamesOfWhatIsGoneForAWhile)
{
  linking_world world = world_of({{"libx", side()}});
  for (int round = 0; round < 20; ++round) {
    world.open("libx");
    unload(world.state, close(world, "libx"));
  }
  EXPECT_EQ(*world.state.current->closed_lately, std::vector<std::string>(8, "libx"));
}

TEST(CloseLibrary, MakesAnOpenOfTheFileWaitForTheClose)
{
  linking_world world = world_of({{"libx", side()}});
  const module_id old = world.open("libx");
  close(world, "libx");
  const prepare_outcome outcome = world.prepare("libx", {}, world.join());
  ASSERT_NE(std::get_if<wait_for_load>(&outcome), nullptr);
  EXPECT_EQ(std::get<wait_for_load>(outcome).id, world.state.closing.at(old).close);
}

// T7, T8: a destructor that opens its own library.
TEST(CloseLibrary, LetsTheCloserOpenTheFileAsANewIncarnation)
{
  linking_world world = world_of({{"libx", side()}});
  const module_id old = world.open("libx");
  const std::vector<module_id> closing = close(world, "libx");
  const module_id fresh = world.open("libx");
  EXPECT_GT(fresh, old);
  EXPECT_EQ(world.open("libx"), fresh);
  unload(world.state, closing);
  EXPECT_EQ(world.id_of("libx"), fresh);
  EXPECT_EQ(world.state.current->find(old), nullptr);
}

TEST(CloseLibrary, EndsWithoutTouchingTheClaimOfANewIncarnation)
{
  linking_world world = world_of({{"libx", side()}});
  world.open("libx");
  const std::vector<module_id> closing = close(world, "libx");
  const load_id fresh = world.plan("libx").id;
  unload(world.state, closing);
  const prepare_outcome other = world.prepare("libx", {}, world.join());
  ASSERT_NE(std::get_if<wait_for_load>(&other), nullptr);
  EXPECT_EQ(std::get<wait_for_load>(other).id, fresh);
}

TEST(CloseLibrary, MakesNoNewIncarnationOfAFileThatWasNotRead)
{
  linking_world world = world_of({{"libx", side()}});
  world.open("libx");
  load_request request = world.request("libx"); // takes it for loaded
  close(world, "libx");
  const prepare_outcome outcome = prepare_load(world.state, request);
  ASSERT_NE(std::get_if<wait_for_load>(&outcome), nullptr);
  EXPECT_EQ(std::get<wait_for_load>(outcome).id, no_load);
}

TEST(CloseLibrary, StandsInTheChainOfWaits)
{
  linking_world world = world_of({{"libx", side()}});
  const group_id second = world.join();
  world.open("libx");
  close(world, "libx");
  EXPECT_TRUE(begin_wait(world.state, second, first));
  EXPECT_FALSE(begin_wait(world.state, first, second));
  EXPECT_FALSE(begin_wait(world.state, first, first));
  end_wait(world.state, second);
  EXPECT_TRUE(begin_wait(world.state, first, second));
}

TEST(CloseLibrary, MakesNobodyWaitInACycleOfClosesAndConstructors)
{
  linking_world world = world_of({{"libx", side()}, {"liby", side()}});
  const group_id second = world.join();
  world.open("libx");
  close(world, "libx"); // a destructor of the first opens liby,
  const planned_load other = world.plan("liby", {}, second);
  commit_load(world.state, other.id, {});
  next_constructor(world.state, second, other.id, other.root);
  ASSERT_TRUE(std::holds_alternative<wait_for_constructor>(next_constructor(world.state, first, no_load, other.root)));
  // whose constructor opens libx.
  EXPECT_TRUE(std::holds_alternative<planned_load>(world.prepare("libx", {}, second)));
}

TEST(CloseLibrary, HidesAClosingModuleFromNewImports)
{
  linking_world world = world_of({{"libglobal", side().function("f")}, {"libx", side().import_function("f")}});
  world.open("libglobal", {.is_global = true});
  close(world, "libglobal");
  EXPECT_EQ(world.plan("libx").plan->modules[0].thunks.at(0).slot, null_slot);
}

TEST(CloseLibrary, EndsWhenTheCloserLeaves)
{
  linking_world world = world_of({{"libx", side().needs("libbase").tls(8)}, {"libbase", side()}, {"liby", side()}});
  const group_id second = world.join();
  world.open("libx");
  world.open("liby");
  const module_id of_another = world.id_of("liby");
  const std::vector<module_id> closing = close(world, "libx", second);
  close(world, "liby", first);
  const auto operations = leave_group(world.state, second);
  ASSERT_EQ(operations.size(), 1U);
  std::vector<module_id> gone = std::get<unload_modules>(operations.front()).modules;
  std::ranges::reverse(gone);
  EXPECT_EQ(gone, closing);
  EXPECT_EQ(world.state.closing.size(), 1U);
  EXPECT_TRUE(world.state.closing.contains(of_another));
  EXPECT_GT(world.open("libx"), closing.front());
}

TEST(Unload, OpensTheFileAgainAsANewIncarnation)
{
  linking_world world = world_of({{"libx", side()}});
  const module_id old = world.open("libx");
  unload(world.state, close(world, "libx"));
  EXPECT_GT(world.open("libx"), old);
}

TEST(Unload, NullsOwnAndGivenSlots)
{
  linking_world world = world_of({{"libx", side().table_size(2).import_address("f").function("f")}});
  world.open("libx");
  const module_plan plan = world.plan_of("libx");
  const table_index given = slot_of(*world.state.current, plan.id, 0);
  const operation_body body = unload(world.state, close(world, "libx"));
  const std::vector<table_index> expected{plan.table_base, table_index{plan.table_base.value + 1}, given};
  EXPECT_EQ(std::get<unload_modules>(body).slots, expected);
}

TEST(Unload, GivesItsSlotsToTheNextLoadAtOnce)
{
  linking_world world = world_of({{"libx", side().table_size(2)}, {"liby", side().table_size(2)}});
  world.open("libx");
  const table_index base = world.plan_of("libx").table_base;
  unload(world.state, close(world, "libx"));
  EXPECT_EQ(world.plan("liby").plan->modules[0].table_base, base);
}

TEST(Unload, KeepsItsMemoryFromOthersUntilNoGroupLags)
{
  linking_world world = world_of({{"libx", side().data_size(4096)}, {"liby", side().data_size(4096)}});
  world.open("libx");
  const memory_address base = world.plan_of("libx").memory_base;
  unload(world.state, close(world, "libx"));
  const planned_load while_lagging = world.plan("liby");
  EXPECT_NE(while_lagging.plan->modules[0].memory_base, base);
  abandon_load(world.state, while_lagging.id);
  world.state.reusable_up_to = world.state.current->version;
  EXPECT_EQ(world.plan("liby").plan->modules[0].memory_base, base);
}

TEST(Unload, TakesBackTheBlocksOfAllGroups)
{
  linking_world world = world_of({{"libx", side().tls(8)}});
  const module_id id = world.open("libx");
  unload(world.state, close(world, "libx"));
  EXPECT_FALSE(world.state.roster.at(group_id{1}).blocks.contains(id));
}

TEST(Unload, LeavesTheGlobalScope)
{
  linking_world world = world_of({{"libx", side().function("f")}});
  world.open("libx", {.is_global = true});
  unload(world.state, close(world, "libx"));
  EXPECT_EQ(*world.state.current->global_scope, std::vector<module_id>{main_module});
}

TEST(Unload, LeavesNothingBehindButTheVersion)
{
  linking_world world = world_of({{"libx", side()
                                               .data_size(100)
                                               .table_size(3)
                                               .tls(8)
                                               .import_function("malloc", int_function)
                                               .import_function("f")
                                               .function("f")}});
  const auto references = world.state.references;
  const auto used = world.state.table.used_end();
  world.open("libx");
  unload(world.state, close(world, "libx"));
  EXPECT_EQ(world.state.references, references);
  EXPECT_EQ(world.state.table.used_end(), used);
  EXPECT_TRUE(world.state.bound_to.empty());
  EXPECT_TRUE(world.state.claims.empty());
  EXPECT_TRUE(world.state.closing.empty());
}

TEST(Unload, NeverRunsOutOfMemoryOverManyOpensAndCloses)
{
  linking_world world = world_of({{"small", side().data_size(1U << 20)}, {"large", side().data_size(40U << 20)}});
  for (int i = 0; i < 500; ++i) {
    const std::string name = i % 2 == 0 ? "small" : "large";
    ASSERT_NE(world.open(name), no_module) << i;
    unload(world.state, close(world, name));
    world.state.reusable_up_to = world.state.current->version;
  }
}

} // namespace
} // namespace interlink

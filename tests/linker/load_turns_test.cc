// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prepare, commit and abandon. T1 to T5 are the invariants of linker/topology.hh.
#include "linker/topology.hh"
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace interlink {
namespace {

using namespace test;

module_info_builder rich_library()
{
  return side()
      .data_size(1000, 6)
      .table_size(3)
      .tls(40)
      .open_start()
      .import_function("malloc", int_function)
      .import_address("own")
      .function("own");
}

TEST(PrepareLoad, ChangesNothingThatGroupsSee)
{
  linking_world world = world_with("libx", rich_library());
  const std::uint64_t before = hash_of(*world.state.current);
  world.plan("libx");
  EXPECT_EQ(hash_of(*world.state.current), before);
}

// T2.
TEST(PrepareLoad, MakesASecondOpenerWaitForTheFirst)
{
  linking_world world = world_with("libx", side());
  const group_id second = world.join();
  const load_id first = world.plan("libx").id;
  const prepare_outcome outcome = world.prepare("libx", {}, second);
  ASSERT_NE(std::get_if<wait_for_load>(&outcome), nullptr);
  EXPECT_EQ(std::get<wait_for_load>(outcome).id, first);
}

// T2: all or none.
TEST(PrepareLoad, ClaimsNothingWhenOneModuleOfTheClosureIsClaimed)
{
  linking_world world = world_with("libbase", side());
  const group_id second = world.join();
  world.add("libx", side().needs("libbase").build());
  world.plan("libbase");
  const std::uint64_t before = hash_of(world.state);
  EXPECT_NE(std::get_if<wait_for_load>(std::vector{world.prepare("libx", {}, second)}.data()), nullptr);
  EXPECT_EQ(hash_of(world.state), before);
}

TEST(PrepareLoad, GivesTheHandleOfALibraryThatIsOpen)
{
  linking_world world = world_with("libx", side());
  const module_id root = world.open("libx");
  const prepare_outcome outcome = world.prepare("libx");
  ASSERT_NE(std::get_if<already_loaded>(&outcome), nullptr);
  EXPECT_EQ(std::get<already_loaded>(outcome).root, root);
  EXPECT_EQ(world.state.current->find(root)->opens->handles(), 2U);
}

TEST(PrepareLoad, SaysOfAnOpenLibraryThatAllIsConstructed)
{
  linking_world world = world_with("libx", side());
  world.open("libx");
  EXPECT_TRUE(std::get<already_loaded>(world.prepare("libx")).is_constructed);
}

TEST(PrepareLoad, SaysOfALibraryUnderConstructionThatSomethingIsLeft)
{
  linking_world world = world_with("libx", side());
  commit_load(world.state, world.plan("libx").id, {});
  EXPECT_FALSE(std::get<already_loaded>(world.prepare("libx")).is_constructed);
}

TEST(PrepareLoad, PublishesThePromotionOfAnOpenLibraryToTheGlobalScope)
{
  linking_world world = world_with("libx", side().function("f"));
  world.open("libx");
  const topology_version before = world.state.current->version;
  const prepare_outcome outcome = world.prepare("libx", {.is_global = true});
  ASSERT_NE(std::get_if<already_loaded>(&outcome), nullptr);
  EXPECT_EQ(std::get<already_loaded>(outcome).operations.size(), 1U);
  EXPECT_EQ(world.state.current->version.value, before.value + 1);
  EXPECT_TRUE(find_symbol(*world.state.current, default_scope_handle, "f"));
}

TEST(PrepareLoad, PublishesNoPromotionTwice)
{
  linking_world world = world_with("libx", side());
  world.open("libx", {.is_global = true});
  const prepare_outcome outcome = world.prepare("libx", {.is_global = true});
  EXPECT_TRUE(std::get<already_loaded>(outcome).operations.empty());
}

TEST(PrepareLoad, AsksToReadAnewWhenAModuleIsGoneThatTheRequesterHadSeen)
{
  linking_world world = world_with("libx", side());
  load_request stale = world.request("libx");
  stale.modules[0].info = nullptr;
  const prepare_outcome outcome = prepare_load(world.state, stale);
  ASSERT_NE(std::get_if<wait_for_load>(&outcome), nullptr);
  EXPECT_EQ(std::get<wait_for_load>(outcome).id, no_load);
}

TEST(ReopenLibrary, KnowsOnlyWhatIsPublished)
{
  linking_world world = world_with("libx", side());
  const load_request request = world.request("libx");
  EXPECT_FALSE(reopen_library(world.state, request));
  const planned_load planned = world.plan("libx");
  EXPECT_FALSE(reopen_library(world.state, request));
  commit_load(world.state, planned.id, {});
  const auto open = reopen_library(world.state, request);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->root, planned.root);
  EXPECT_EQ(world.state.current->find(planned.root)->opens->handles(), 2U);
}

TEST(ReopenLibrary, GivesNoHandleWhenTheProcessIsStopping)
{
  linking_world world = world_with("libx", side());
  world.open("libx");
  stop(world.state, 0);
  EXPECT_FALSE(reopen_library(world.state, world.request("libx")));
}

TEST(OpenCount, IsTakenWithoutATurnWhenAllIsConstructed)
{
  linking_world world = world_with("libx", side());
  const planned_load planned = world.plan("libx");
  commit_load(world.state, planned.id, {});
  open_count& opens = *world.state.current->find(planned.root)->opens;
  EXPECT_FALSE(opens.reopen()) << "its constructor has not run";
  world.run_constructors(planned.root, planned.id);
  EXPECT_TRUE(opens.reopen());
  EXPECT_TRUE(opens.close_one_of_several());
  EXPECT_FALSE(opens.close_one_of_several()) << "the last handle is a turn's";
  EXPECT_EQ(opens.handles(), 1U);
}

TEST(OpenCount, WaitsForTheConstructorsOfAllThatIsNeeded)
{
  linking_world world = world_with("libbase", side());
  world.add("libx", side().needs("libbase").build());
  const planned_load planned = world.plan("libx");
  commit_load(world.state, planned.id, {});
  const snapshot& loaded = *world.state.current;
  const open_count& base = *loaded.find(world.id_of("libbase"))->opens;
  const open_count& user = *loaded.find(planned.root)->opens;
  std::vector<std::pair<bool, bool>> seen;
  for (;;) {
    const auto next = next_constructor(world.state, group_id{1}, planned.id, planned.root);
    const auto* run = std::get_if<run_constructor>(&next);
    if (run == nullptr) {
      break;
    }
    seen.emplace_back(base.is_constructed(), user.is_constructed());
    finish_constructor(world.state, group_id{1}, run->module);
  }
  EXPECT_EQ(seen, (std::vector<std::pair<bool, bool>>{{false, false}, {true, false}}));
  EXPECT_TRUE(user.is_constructed());
}

// A cycle of waits leaves a constructor out: whoever opens next has to look again.
TEST(OpenCount, StaysWithTurnsWhenAWaitWasLeftOut)
{
  linking_world world = world_with("libx", side());
  const planned_load planned = world.plan("libx");
  commit_load(world.state, planned.id, {});
  ASSERT_TRUE(
      std::holds_alternative<run_constructor>(next_constructor(world.state, group_id{1}, planned.id, planned.root)));
  ASSERT_TRUE(
      std::holds_alternative<constructors_done>(next_constructor(world.state, group_id{1}, no_load, planned.root)));
  EXPECT_FALSE(world.state.current->find(planned.root)->opens->reopen());
}

TEST(OpenCount, IsNotEnoughForWhatAnOpenAsksBesides)
{
  linking_world world = world_with("libx", side());
  const module_id root = world.open("libx");
  load_request how;
  const auto needs_no_turn = [&] {
    const snapshot& loaded = *world.state.current;
    return changes_only_the_count(loaded, *loaded.find(root), how);
  };
  EXPECT_TRUE(needs_no_turn());
  how.is_final = true;
  EXPECT_FALSE(needs_no_turn());
  how = {};
  how.is_global = true;
  EXPECT_FALSE(needs_no_turn());
  world.open("libx", {.is_global = true});
  EXPECT_TRUE(needs_no_turn());
}

TEST(CloseLibrary, OpensNoMoreWithoutATurnWhatIsClosing)
{
  linking_world world = world_with("libx", side());
  const module_id root = world.open("libx");
  ASSERT_EQ(close_library(world.state, group_id{1}, library_handle{root.value}), std::vector<module_id>{root});
  EXPECT_FALSE(world.state.current->find(root)->opens->reopen());
  EXPECT_EQ(close_library(world.state, group_id{1}, library_handle{root.value}).error().code(), errc::invalid_handle);
}

// Ids go on where an abandoned load has left them.
TEST(AbandonLoad, LeavesAGapInTheIdsAcrossWhichModulesAreFound)
{
  linking_world world = world_with("libx", side());
  world.add("liby", side().build());
  const planned_load abandoned = world.plan("libx");
  abandon_load(world.state, abandoned.id);
  const module_id first = world.open("liby");
  const module_id second = world.open("libx");
  EXPECT_GT(first, abandoned.root);
  EXPECT_EQ(world.state.current->find(abandoned.root), nullptr);
  EXPECT_EQ(world.state.current->find(first)->plan().id, first);
  EXPECT_EQ(world.state.current->find(second)->plan().id, second);
  EXPECT_EQ(world.state.current->find(no_module), nullptr);
  EXPECT_EQ(world.state.current->find(module_id{second.value + 1}), nullptr);
}

TEST(PrepareLoad, RefusesWhenTheProcessIsStopping)
{
  linking_world world = world_with("libx", side());
  stop(world.state, 0);
  EXPECT_EQ(world.failure("libx").code(), errc::stopping);
}

TEST(CommitLoad, PublishesOneVersion)
{
  linking_world world = world_with("libx", side());
  const load_id id = world.plan("libx").id;
  const topology_version before = world.state.current->version;
  commit_load(world.state, id, {});
  EXPECT_EQ(world.state.current->version.value, before.value + 1);
}

// The plan is a delta to the current snapshot, not the snapshot that was current at prepare.
TEST(CommitLoad, KeepsWhatWasPublishedSincePrepare)
{
  linking_world world = world_with("liba", side().function("a"));
  const group_id second = world.join();
  world.add("libb", side().function("b").build());
  const planned_load a = world.plan("liba");
  const planned_load b = world.plan("libb", {}, second);
  const auto given = assign_slot(world.state, main_module, 0);
  commit_load(world.state, b.id, {});
  commit_load(world.state, a.id, {});
  EXPECT_NE(world.state.current->find(a.root), nullptr);
  EXPECT_NE(world.state.current->find(b.root), nullptr);
  EXPECT_EQ(slot_of(*world.state.current, main_module, 0), given->slot);
}

TEST(CommitLoad, KeepsModulesInOrderOfTheirIdsWhenLoadsOvertakeEachOther)
{
  linking_world world = world_with("liba", side().function("a").import_address("a"));
  const group_id second = world.join();
  world.add("libb", side().function("b").import_address("b").build());
  const planned_load a = world.plan("liba");
  const planned_load b = world.plan("libb", {}, second);
  commit_load(world.state, b.id, {});
  commit_load(world.state, a.id, {});
  EXPECT_EQ(slot_of(*world.state.current, a.root, 0), a.plan->slots.at(0).slot);
  EXPECT_EQ(slot_of(*world.state.current, b.root, 0), b.plan->slots.at(0).slot);
}

TEST(CommitLoad, CarriesTheBlocksOfAllGroupsAndTheRequester)
{
  linking_world world = world_with("libx", side().tls(40));
  const group_id second = world.join();
  const load_id id = world.plan("libx", {}, second).id;
  const operation_body body = commit_load(world.state, id, {});
  const auto& operation = std::get<load_modules>(body);
  EXPECT_EQ(operation.requester, second);
  EXPECT_EQ(operation.blocks.size(), 2U);
}

TEST(CommitLoad, KeepsTheThunkArtifactsForLaterGroups)
{
  linking_world world = world_with("libx", side().import_function("later"));
  const planned_load planned = world.plan("libx");
  const auto artifact = std::make_shared<const module_artifact>();
  commit_load(world.state, planned.id, {artifact});
  EXPECT_EQ(world.state.current->find(planned.root)->thunk_artifact, artifact);
}

TEST(CommitLoad, KeepsOneScratchStackWhenTwoLoadsReservedOne)
{
  linking_world world = world_with("liba", side().open_start());
  const group_id second = world.join();
  world.add("libb", side().open_start().build());
  const planned_load a = world.plan("liba");
  const planned_load b = world.plan("libb", {}, second);
  commit_load(world.state, a.id, {});
  const operation_body body = commit_load(world.state, b.id, {});
  EXPECT_TRUE(std::get<load_modules>(body).blocks.empty());
}

TEST(CommitLoad, MakesTheWholeClosureOfAProgramGlobal)
{
  linking_world world = linking_world::running(pie_main().needs("liba").build(), {{"liba", side().build()}});
  EXPECT_EQ(*world.state.current->global_scope, (std::vector<module_id>{main_module, world.id_of("liba")}));
}

TEST(CommitLoad, CountsEachProviderOncePerImporter)
{
  linking_world world = world_with("libx", side().import_function("malloc", int_function).import_address("malloc"));
  world.open("libx");
  EXPECT_EQ(world.state.references.at(main_module), 1U);
}

// T5.
TEST(AbandonLoad, LeavesTheTopologyAsItWas)
{
  linking_world world = world_with("libx", rich_library());
  world.join();
  const std::uint64_t before = hash_of(world.state);
  const planned_load planned = world.plan("libx");
  EXPECT_NE(hash_of(world.state), before);
  abandon_load(world.state, planned.id);
  EXPECT_EQ(hash_of(world.state), before);
}

// The next close depends on them, so T5 speaks of them, too.
TEST(HashOfTopology, TellsWhatKeepsModulesLoadedAndWhereTheyLook)
{
  linking_world world = world_with("libx", rich_library());
  world.open("libx");
  const module_id library = world.id_of("libx");
  const auto changed = [&](const auto& change) {
    topology other = world.state;
    change(other);
    return hash_of(other) != hash_of(world.state);
  };
  EXPECT_FALSE(changed([](topology&) {}));
  EXPECT_TRUE(changed([&](topology& other) { other.final_modules.insert(library); }));
  EXPECT_TRUE(changed([&](topology& other) { other.bound_to[main_module].insert(library); }));
  EXPECT_TRUE(changed([&](topology& other) { other.later_roots[library].push_back(main_module); }));
  EXPECT_TRUE(changed([&](topology& other) {
    auto next = std::make_shared<snapshot>(*other.current);
    auto names = *next->names;
    names["another name"] = library;
    next->names = std::make_shared<const std::map<std::string, module_id, std::less<>>>(std::move(names));
    other.current = std::move(next);
  }));
}

// T5.
TEST(AbandonLoad, KeepsTheSlotOfAPublishedFunctionWhichIsHarmless)
{
  linking_world world = world_with("libx", side().import_address("malloc"));
  const std::uint64_t before = hash_of(world.state);
  const planned_load planned = world.plan("libx");
  abandon_load(world.state, planned.id);
  EXPECT_EQ(hash_of(world.state), before);
  EXPECT_NE(slot_of(*world.state.current, main_module, 0), null_slot);
}

// T5.
TEST(AbandonLoad, KeepsTheSlotOfAHostFunctionWhichIsHarmless)
{
  linking_world world = linking_world::running(pie_main().build());
  world.catalog().offered[{"env", "host_log"}] = int_function;
  world.add("libx", side().data_size(100).table_size(2).import_address("host_log").build());
  const std::uint64_t before = hash_of(world.state);
  abandon_load(world.state, world.plan("libx").id);
  EXPECT_EQ(world.state.current->host_slots->size(), 1U);
  EXPECT_EQ(hash_of(world.state), before);
}

// T5.
TEST(AbandonLoad, LeavesTheTopologyAsItWasAmongOtherLoads)
{
  linking_world world = world_with("liba", rich_library());
  const group_id second = world.join();
  world.add("libb", rich_library().build());
  const planned_load a = world.plan("liba");
  const std::uint64_t before = hash_of(world.state);
  abandon_load(world.state, world.plan("libb", {}, second).id);
  EXPECT_EQ(hash_of(world.state), before);
  commit_load(world.state, a.id, {});
  EXPECT_NE(world.state.current->find(a.root), nullptr);
}

TEST(AbandonLoad, DoesNotLengthenTheTableEachTime)
{
  linking_world world = world_with("libx", side().table_size(100).import_address("f").function("f"));
  const std::uint64_t first = world.plan("libx").plan->table_size;
  for (int i = 0; i < 1000; ++i) {
    abandon_load(world.state, load_id{world.state.next_load - 1});
    ASSERT_EQ(world.plan("libx").plan->table_size, first);
  }
}

TEST(AbandonLoad, LetsTheNextOpenerHaveTheModules)
{
  linking_world world = world_with("libx", side());
  abandon_load(world.state, world.plan("libx").id);
  EXPECT_NE(world.open("libx"), no_module);
}

// T5, for requests that fail.
TEST(PrepareLoad, LeavesTheTopologyAsItWasWhenItFails)
{
  linking_world world(pie_main().build(), {}, 100);
  world.open("main", {.kind = load_kind::program});
  world.add("missing", rich_library().import_data("nowhere").build());
  world.add("mismatch", rich_library().import_function("errno_data").build());
  world.add("unknown", rich_library().import("napi", "f", void_function).build());
  world.add("full", rich_library().table_size(300).build());
  world.add("static", module_info_builder().without_dylink().build());
  world.add("unshared", rich_library().import_memory(1, 65'536, false).build());
  world.add("huge", rich_library().data_size(200U << 20).build());
  const std::uint64_t before = hash_of(world.state);
  const topology_version version = world.state.current->version;
  for (const char* name : {"missing", "mismatch", "unknown", "full", "static", "unshared", "huge"}) {
    const prepare_outcome outcome = world.prepare(name);
    EXPECT_FALSE(std::holds_alternative<planned_load>(outcome)) << name;
    EXPECT_EQ(hash_of(world.state), before) << name;
    EXPECT_EQ(world.state.current->version, version) << name;
  }
}

TEST(Names, MeanTheLibraryThatWasAskedForOrGivesThemToItself)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().soname("libx.so.1").build());
  load_request request = world.request("libx");
  request.modules.front().asked = {"libx.so"};
  const prepare_outcome outcome = prepare_load(world.state, request);
  const auto& planned = std::get<planned_load>(outcome);
  EXPECT_TRUE(world.state.current->names->empty());
  commit_load(world.state, planned.id, {});
  world.run_constructors(planned.root, planned.id);
  EXPECT_EQ(world.state.current->names->at("libx.so"), planned.root);
  EXPECT_EQ(world.state.current->names->at("libx.so.1"), planned.root);
  load_request again = world.request("libx");
  again.modules.front().asked = {"other.so"};
  EXPECT_EQ(reopen_library(world.state, again)->operations.size(), 1U);
  EXPECT_EQ(world.state.current->names->at("other.so"), planned.root);
  EXPECT_TRUE(reopen_library(world.state, again)->operations.empty());
}

} // namespace
} // namespace interlink

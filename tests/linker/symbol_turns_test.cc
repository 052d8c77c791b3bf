// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/topology.hh"
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

linking_world world_that_opened(const std::string& name, module_info_builder library, const ask& how = {})
{
  linking_world world = linking_world::running(pie_main().build());
  world.add(name, library.build());
  world.open(name, how);
  return world;
}

TEST(AssignSlot, PublishesANewSlotWithItsFunction)
{
  linking_world world = linking_world::running(pie_main().build());
  const auto given = assign_slot(world.state, main_module, 0);
  ASSERT_TRUE(given);
  ASSERT_EQ(given->operations.size(), 1U);
  const auto& operation = std::get<resolve_function>(given->operations[0]);
  EXPECT_EQ(operation.slots, (std::vector<slot_fill>{{given->slot, {main_module, 0}}}));
  EXPECT_EQ(operation.table_size, world.state.current->table_size);
  EXPECT_GT(operation.table_size, given->slot.value);
}

TEST(AssignSlot, GivesTheSameSlotAgainWithoutAnOperation)
{
  linking_world world = linking_world::running(pie_main().build());
  const auto first = assign_slot(world.state, main_module, 0);
  const auto second = assign_slot(world.state, main_module, 0);
  EXPECT_EQ(first->slot, second->slot);
  EXPECT_TRUE(second->operations.empty());
}

TEST(AssignSlot, GivesAliasesOneSlot)
{
  linking_world world = linking_world::running(pie_main().aliases({"f", "g"}).build());
  const auto f = assign_slot(world.state, main_module, ordinal_of(world.plan_of("main"), "f"));
  const auto g = assign_slot(world.state, main_module, ordinal_of(world.plan_of("main"), "g"));
  EXPECT_EQ(f->slot, g->slot);
}

TEST(AssignSlot, AgreesWithALaterLoadThatTakesTheAddress)
{
  linking_world world = linking_world::running(pie_main().build());
  const auto given = assign_slot(world.state, main_module, 0);
  world.add("libx", side().import_address("malloc").build());
  world.open("libx");
  EXPECT_EQ(bound(world.plan_of("libx"), "malloc"), import_binding(binding::constant{given->slot.value}));
}

TEST(AssignSlot, RefusesAModuleThatIsNotLoaded)
{
  linking_world world = linking_world::running(pie_main().build());
  EXPECT_EQ(assign_slot(world.state, module_id{9}, 0).error().code(), errc::invalid_handle);
}

TEST(AssignSlot, RefusesAnExportThatIsNoFunction)
{
  linking_world world = linking_world::running(pie_main().build());
  const std::uint32_t data = ordinal_of(world.plan_of("main"), "errno_data");
  EXPECT_EQ(assign_slot(world.state, main_module, data).error().code(), errc::invalid_handle);
}

TEST(AssignSlot, ReportsAFullTable)
{
  linking_world world(pie_main().build(), {}, 1);
  world.open("main", {.kind = load_kind::program});
  EXPECT_EQ(assign_slot(world.state, main_module, 0).error().code(), errc::table_exhausted);
}

TEST(BindLazy, FindsAFunctionThatCameLater)
{
  linking_world world = world_that_opened("libx", side().import_function("later"));
  world.add("liblater", side().function("later").build());
  const module_id provider = world.open("liblater", {.is_global = true});
  const auto given = bind_lazy(world.state, world.id_of("libx"), 0);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->slot, slot_of(*world.state.current, provider, 0));
  EXPECT_EQ(given->operations.size(), 1U);
}

TEST(BindLazy, BindsForEver)
{
  linking_world world = world_that_opened("libx", side().import_function("later"));
  world.add("liblater", side().function("later").build());
  world.open("liblater", {.is_global = true});
  const auto first = bind_lazy(world.state, world.id_of("libx"), 0);
  const auto second = bind_lazy(world.state, world.id_of("libx"), 0);
  EXPECT_EQ(first->slot, second->slot);
  EXPECT_TRUE(second->operations.empty());
  EXPECT_EQ(thunk_slot_of(*world.state.current, world.id_of("libx"), 0), first->slot);
}

TEST(BindLazy, TakesAReferenceOnTheProvider)
{
  linking_world world = world_that_opened("libx", side().import_function("later"));
  world.add("liblater", side().function("later").build());
  const module_id provider = world.open("liblater", {.is_global = true});
  ASSERT_TRUE(bind_lazy(world.state, world.id_of("libx"), 0));
  EXPECT_EQ(world.state.references.at(provider), 1U);
}

TEST(BindLazy, DoesNotFindALocalLibrary)
{
  linking_world world = world_that_opened("libx", side().import_function("later"));
  world.add("liblater", side().function("later").build());
  world.open("liblater");
  const auto failed = bind_lazy(world.state, world.id_of("libx"), 0);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), errc::symbol_not_found);
  EXPECT_EQ(failed.error().detail().symbol_name, "later");
}

// Both have it only once libglobal is there: libbase passes on what it imports.
TEST(BindLazy, SearchesTheGlobalScopeBeforeTheLibrarysOwn)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libglobal", side().function("later").function("inner").build());
  world.add("libbase", side().import_function("inner").pass_on("inner", "later").build());
  world.add("libx", side().needs("libbase").import_function("later").build());
  world.open("libx");
  const module_id provider = world.open("libglobal", {.is_global = true});
  ASSERT_TRUE(bind_lazy(world.state, world.id_of("libbase"), 0));
  const auto given = bind_lazy(world.state, world.id_of("libx"), 0);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->slot, slot_of(*world.state.current, provider, 0));
}

TEST(BindLazy, DoesNotFindAFunctionOfAClosingLibrary)
{
  linking_world world = world_that_opened("libx", side().import_function("later"));
  world.add("liblater", side().function("later").build());
  const module_id provider = world.open("liblater", {.is_global = true});
  ASSERT_EQ(close_library(world.state, group_id{1}, library_handle{provider.value}), std::vector<module_id>{provider});
  const auto failed = bind_lazy(world.state, world.id_of("libx"), 0);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), errc::symbol_not_found);
}

TEST(BindLazy, FindsAFunctionAfterAFailure)
{
  linking_world world = world_that_opened("libx", side().import_function("later"));
  EXPECT_FALSE(bind_lazy(world.state, world.id_of("libx"), 0));
  world.add("liblater", side().function("later").build());
  world.open("liblater", {.is_global = true});
  EXPECT_TRUE(bind_lazy(world.state, world.id_of("libx"), 0));
}

TEST(BindLazy, NeverBindsAWeakUndefinedFunction)
{
  linking_world world = world_that_opened("libx", side().import_weak_function("maybe"));
  world.add("liblater", side().function("maybe").build());
  world.open("liblater", {.is_global = true});
  EXPECT_EQ(bind_lazy(world.state, world.id_of("libx"), 0).error().code(), errc::symbol_not_found);
}

TEST(BindLazy, ReportsAnotherSignature)
{
  linking_world world = world_that_opened("libx", side().import_function("later", int_function));
  world.add("liblater", side().function("later", void_function).build());
  world.open("liblater", {.is_global = true});
  EXPECT_EQ(bind_lazy(world.state, world.id_of("libx"), 0).error().code(), errc::symbol_type_mismatch);
}

TEST(BindLazy, GivesTheSlotOfAThunkThatWasBoundByItsPlan)
{
  linking_world world = world_that_opened("libx", side().import_function("own").function("own"));
  const auto given = bind_lazy(world.state, world.id_of("libx"), 0);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->slot, world.plan_of("libx").thunks[0].slot);
  EXPECT_TRUE(given->operations.empty());
}

TEST(BindLazy, RefusesAnUnknownThunk)
{
  linking_world world = world_that_opened("libx", side());
  EXPECT_EQ(bind_lazy(world.state, world.id_of("libx"), 5).error().code(), errc::invalid_argument);
}

TEST(AllocateSlots, SetsARangeAside)
{
  linking_world world = linking_world::running(pie_main().build());
  const auto range = allocate_slots(world.state, 8);
  ASSERT_TRUE(range);
  const auto& operation = std::get<allocate_function_table>(range->operations.at(0));
  EXPECT_EQ(operation.base, range->slot);
  EXPECT_EQ(operation.count, 8U);
  EXPECT_EQ(operation.table_size, range->slot.value + 8U);
}

TEST(AllocateSlots, OfNoneIsAnOperationThatChangesNothing)
{
  linking_world world = linking_world::running(pie_main().build());
  const topology_version before = world.state.current->version;
  const std::uint64_t size = world.state.current->table_size;
  const auto range = allocate_slots(world.state, 0);
  ASSERT_TRUE(range);
  const auto& operation = std::get<allocate_function_table>(range->operations.at(0));
  EXPECT_EQ(operation.base, null_slot);
  EXPECT_EQ(operation.count, 0U);
  EXPECT_EQ(operation.table_size, size);
  EXPECT_EQ(world.state.current->version.value, before.value + 1);
  EXPECT_EQ(world.state.current->table_size, size);
}

// T1.
TEST(Topology, CountsOneVersionForEachOperation)
{
  linking_world world = linking_world::running(pie_main().build());
  const std::uint64_t before = world.state.current->version.value;
  assign_slot(world.state, main_module, 0);
  allocate_slots(world.state, 1);
  stop(world.state, 3);
  advance(world.state);
  EXPECT_EQ(world.state.current->version.value, before + 4);
}

TEST(Topology, SaysThatTheProcessIsStopping)
{
  linking_world world = linking_world::running(pie_main().build());
  const operation_body body = stop(world.state, 3);
  EXPECT_EQ(std::get<stop_process>(body).exit_code, 3U);
  EXPECT_TRUE(world.state.current->is_stopping);
}

// The second opener of a shared dependency brings what the first did not have.
TEST(BindLazy, SeesTheScopeOfALaterOpener)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libshared", side().import_function("f").build());
  world.add("libhas", side().function("f").build());
  world.add("liblater", side().needs("libshared").needs("libhas").build());
  const module_id shared = world.open("libshared");
  EXPECT_FALSE(bind_lazy(world.state, shared, 0));
  world.open("liblater");
  EXPECT_TRUE(bind_lazy(world.state, shared, 0));
}

TEST(BindLazy, LooksInItsOwnScopeFirstWhenItWasOpenedSo)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().needs("libown").import_function("g").build());
  world.add("libown", side().function("f").import_function("f").build());
  world.add("libglobal", side().function("f").build());
  world.open("libglobal", {.is_global = true});
  load_request request = world.request("libx");
  request.prefers_own_scope = true;
  const prepare_outcome outcome = prepare_load(world.state, request);
  const auto& planned = std::get<planned_load>(outcome);
  EXPECT_EQ(planned.plan->modules[0].imports.size(), world.plan_of("libglobal").imports.size() + 1);
  const auto* thunk = std::get_if<binding::thunk>(&bound(planned.plan->modules[0], "f"));
  EXPECT_NE(thunk, nullptr); // its own function, through the table; libglobal's would be direct
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rule numbers are those of the measured rules for linkers of wasm-ld's output.
#include "linker/planner.hh"

#include "linker/group_blocks.hh"
#include "linker/plan_printer.hh"
#include "messages/limits.hh"
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace interlink {
namespace {

using namespace test;

std::vector<std::string> names(const load_plan& plan)
{
  std::vector<std::string> found;
  std::ranges::transform(plan.modules, std::back_inserter(found), &module_plan::name);
  return found;
}

using order = std::vector<std::string>;

// Rule 1.
TEST(Planner, InstantiatesMainFirstThenDependenciesBeforeUsers)
{
  linking_world world(pie_main().needs("liba").needs("libc").build());
  world.add("liba", side().needs("libb").build());
  world.add("libb", side().build());
  world.add("libc", side().build());
  const planned_load planned = world.plan("main", {.kind = load_kind::program});
  EXPECT_EQ(names(*planned.plan), (order{"main", "libb", "liba", "libc"}));
  EXPECT_EQ(planned.root, main_module);
  EXPECT_EQ(planned.plan->modules[0].id, main_module);
}

TEST(Planner, PlansMainWithANeededLibraryAndThenAnOpenedOne)
{
  linking_world world(pie_main().needs("libneeded").import_function("from_needed").build());
  world.add("libneeded", side().data_size(128).function("from_needed").import_function("malloc", int_function).build());
  world.add("libopened", side().data_size(32).import_function("from_needed").import_data("errno_data").build());
  world.open("main", {.kind = load_kind::program});
  world.open("libopened");
  EXPECT_EQ(world.state.current->modules->size(), 3U);
  EXPECT_EQ(
      bound(world.plan_of("libopened"), "from_needed"),
      import_binding(binding::direct{world.id_of("libneeded"), ordinal_of(world.plan_of("libneeded"), "from_needed")}));
}

TEST(Planner, PutsTheModuleReachedSecondFirstInACycle)
{
  linking_world world = world_with("liba", side().needs("libb"));
  world.add("libb", side().needs("liba").build());
  EXPECT_EQ(names(*world.plan("liba").plan), (order{"libb", "liba"}));
}

TEST(Planner, LoadsADependencyThatIsPublishedOnlyOnce)
{
  linking_world world = world_with("libbase", side());
  world.open("libbase");
  world.add("libx", side().needs("libbase").build());
  EXPECT_EQ(names(*world.plan("libx").plan), order{"libx"});
}

// Rule 3: side data lies below the heap base that is supplied.
TEST(Planner, PlacesDataOfLibrariesInTheArenaBelowTheHeap)
{
  linking_world world = world_with("libx", side().data_size(4096, 6));
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  EXPECT_GE(module.memory_base.value, world.state.layout.stack_high.value);
  EXPECT_LE(module.memory_base.value + 4096, world.state.layout.heap_base.value);
  EXPECT_EQ(module.memory_base.value % 64, 0U);
}

TEST(Planner, GivesNoMemoryToAModuleWithoutData)
{
  linking_world world = world_with("libx", side());
  EXPECT_EQ(world.plan("libx").plan->modules[0].memory_base.value, 0U);
}

// Rule 2: memory handed to a module must be zero.
TEST(Planner, AsksForZeroingOfMemoryThatWasUsedBefore)
{
  linking_world world = world_with("libx", side().data_size(4096));
  world.open("libx");
  const auto closed = close_library(world.state, group_id{1}, library_handle{world.id_of("libx").value});
  unload(world.state, *closed);
  world.state.reusable_up_to = world.state.current->version;
  EXPECT_TRUE(world.plan("libx").plan->modules[0].needs_zeroing);
}

TEST(Planner, StartsTheTableOfAPieMainAtSlotOne)
{
  linking_world world = linking_world::running(pie_main().table_size(3).build());
  EXPECT_EQ(world.plan_of("main").table_base.value, 1U);
  EXPECT_EQ(world.state.current->table_size, 4U);
}

TEST(Planner, LeavesTheSlotsOfAFixedAddressMainToIt)
{
  linking_world world = linking_world::running(module_info_builder()
                                                   .import_memory(2)
                                                   .data("__heap_base", 70'832)
                                                   .table_size(2)
                                                   .function("f")
                                                   .element("f", 1, false)
                                                   .build());
  EXPECT_EQ(world.plan_of("main").table_base, null_slot);
  EXPECT_EQ(world.state.current->table_size, 3U);
}

TEST(Planner, AlignsTableRanges)
{
  linking_world world = world_with("libx", side().table_size(3, 4));
  EXPECT_EQ(world.plan("libx").plan->modules[0].table_base.value, 16U);
}

TEST(Planner, GivesExtraSlotsInOneRunAfterAllOwnRanges)
{
  linking_world world =
      world_with("libx", side().table_size(2).import_address("f").import_address("g").function("f").function("g"));
  const planned_load planned = world.plan("libx");
  ASSERT_EQ(planned.plan->slots.size(), 2U);
  EXPECT_EQ(planned.plan->slots[0].slot.value, planned.plan->modules[0].table_base.value + 2);
  EXPECT_EQ(planned.plan->slots[1].slot.value, planned.plan->modules[0].table_base.value + 3);
  EXPECT_EQ(planned.plan->table_size, planned.plan->slots[1].slot.value + 1);
}

TEST(Planner, ReportsATableThatIsFull)
{
  linking_world world(pie_main().build(), {}, 100);
  world.open("main", {.kind = load_kind::program});
  world.add("libx", side().table_size(200).build());
  EXPECT_EQ(world.failure("libx").code(), errc::table_exhausted);
}

TEST(Planner, BoundsTheSlotsOfAllLibrariesTogether)
{
  linking_world world(pie_main().build(), {}, limit::table_elements);
  world.open("main", {.kind = load_kind::program});
  world.add("liba", side().table_size(600'000).build());
  world.add("libb", side().table_size(600'000).build());
  world.add("libc", side().table_size(1).build());
  world.open("liba");
  const error refused = world.failure("libb");
  EXPECT_EQ(refused.code(), errc::table_exhausted);
  for (const char* named : {"libb", "600000", "1000000"}) {
    EXPECT_TRUE(refused.message().contains(named)) << refused.message();
  }
  world.open("libc");
  EXPECT_LT(world.state.table.size(), 601'000U);
}

TEST(Planner, RespectsATableMaximumThatALibraryDeclares)
{
  linking_world world =
      world_with("libx", module_info_builder().table_size(8).import("env", "__indirect_function_table",
                                                                    table_type{wasm::funcref, {8, 8}, false}));
  EXPECT_EQ(world.failure("libx").code(), errc::table_exhausted);
}

TEST(Planner, RefusesATableThatALibraryWantsBeyondTheLimit)
{
  linking_world world = world_with(
      "libx", module_info_builder().table_size(8).import("env", "__indirect_function_table",
                                                         table_type{wasm::funcref, {1'000'001, std::nullopt}, false}));
  const error refused = world.failure("libx");
  EXPECT_EQ(refused.code(), errc::table_exhausted);
  EXPECT_TRUE(refused.message().contains("1000001 slots, the limit is 1000000")) << refused.message();
}

TEST(Planner, RefusesElementsOutsideAModulesOwnSlots)
{
  linking_world world = world_with("libx", side().table_size(1).function("f").element("f", 1));
  EXPECT_EQ(world.failure("libx").code(), errc::unsupported_module);
}

TEST(Planner, RefusesAbsoluteElementsInALibrary)
{
  linking_world world = world_with("libx", side().table_size(4).function("f").element("f", 1, false));
  EXPECT_EQ(world.failure("libx").code(), errc::unsupported_module);
}

// Its C library would take main's heap for its own.
TEST(Planner, RefusesAProgramInThePlaceOfALibrary)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().function("_start").build());
  const error refused = world.failure("libx");
  EXPECT_EQ(refused.code(), errc::unsupported_module);
  EXPECT_TRUE(refused.message().contains("libx") && refused.message().contains("_start")) << refused.message();
}

TEST(Planner, RefusesALibraryWithAnAllocatorOnTheProgramsHeap)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().import_data("__heap_base").function("malloc").build());
  EXPECT_TRUE(world.failure("libx").message().contains("__heap_base"));
  world.add("libend", side().import_data("__heap_end").grows_memory().build());
  EXPECT_EQ(world.failure("libend").code(), errc::unsupported_module);
  // To know where the heap is, or to grow the memory, is no allocator.
  world.add("libknows", side().import_data("__heap_base").build());
  world.add("libgrows", side().grows_memory().build());
  world.open("libknows");
  world.open("libgrows");
}

TEST(Planner, RefusesAModuleWithoutDylink)
{
  linking_world world = world_with("libx", module_info_builder().without_dylink());
  EXPECT_EQ(world.failure("libx").code(), errc::not_a_library);
}

TEST(Planner, RefusesAnAlignmentBeyondTheLimit)
{
  linking_world world = world_with("libx", side().data_size(16, 31));
  EXPECT_EQ(world.failure("libx").code(), errc::limit_exceeded);
}

// Rule 5.
TEST(Planner, ReservesABlockOfThreadLocalStorageForEachGroup)
{
  linking_world world = world_with("libx", side().data_size(64).tls(100, 64));
  const group_id second = world.join();
  const planned_load planned = world.plan("libx");
  const std::vector<group_block>& blocks = world.state.loads.at(planned.id).blocks;
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].group, group_id{1});
  EXPECT_EQ(blocks[1].group, second);
  EXPECT_EQ(blocks[1].size, 100U);
  EXPECT_EQ(blocks[1].address.value % 64, 0U);
  EXPECT_NE(blocks[0].address, blocks[1].address);
  EXPECT_EQ(planned.requester_blocks, std::vector<group_block>{blocks[0]});
}

// Rule 4.
TEST(Planner, ReservesTheFirstGroupsBlockOfMain)
{
  linking_world world = linking_world::running(pie_main().tls(48).build());
  EXPECT_EQ(world.state.roster.at(group_id{1}).blocks.at(main_module).size, 48U);
}

// Rule 4.
TEST(Planner, RefusesALibraryWhoseThreadLocalsCannotBeInitialised)
{
  linking_world world = world_with("libx", side().data_size(64).tls_size_only(8).tls_variable("v", 0));
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::unsupported_module);
  EXPECT_EQ(failed.detail().remedy,
            "link it with --export=__wasm_init_tls --export=__tls_base --export=__tls_size --export=__tls_align");
}

TEST(Planner, RefusesAnAlignmentOfThreadLocalsThatIsNoPowerOfTwo)
{
  linking_world world = world_with("libx", side().tls(8, 24));
  EXPECT_EQ(world.failure("libx").code(), errc::unsupported_module);
}

TEST(Planner, ReservesAScratchStackForEachGroupWhenAModuleHasAnOpenStart)
{
  linking_world world = world_with("libx", side().open_start());
  world.join();
  const planned_load planned = world.plan("libx");
  const std::vector<group_block>& blocks = world.state.loads.at(planned.id).blocks;
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].module, no_module);
  EXPECT_EQ(blocks[0].size, scratch_stack_bytes);
}

TEST(Planner, ReservesAScratchStackOncePerGroup)
{
  linking_world world = world_with("libx", side().open_start());
  world.open("libx");
  world.add("liby", side().open_start().build());
  EXPECT_TRUE(world.state.loads.empty());
  EXPECT_TRUE(world.state.loads.at(world.plan("liby").id).blocks.empty());
}

TEST(Planner, AsksForOneBlockThatServesTheWholeRequest)
{
  const auto main = module_info_builder().import_memory(2).data("__heap_base", 70'832).build();
  linking_world world = linking_world::running(main);
  world.add("libx", module_info_builder().needs("liby").data_size(5000, 12).tls(100, 256).open_start().build());
  world.add("liby", module_info_builder().data_size(77, 0).build());
  const prepare_outcome outcome = world.prepare("libx");
  const auto* needs = std::get_if<needs_memory>(&outcome);
  ASSERT_NE(needs, nullptr);
  EXPECT_EQ(needs->alignment, 4096U);
  EXPECT_EQ(needs->size % needs->alignment, 0U);
  add_memory(world.state, {0x100000, needs->size});
  EXPECT_EQ(world.plan("libx").plan->modules.size(), 2U);
}

TEST(Planner, ReportsLinkingErrorsBeforeItAsksForMemory)
{
  const auto main = module_info_builder().import_memory(2).data("__heap_base", 70'832).build();
  linking_world world = linking_world::running(main);
  world.add("libx", module_info_builder().data_size(5000).import_data("nowhere").build());
  EXPECT_EQ(world.failure("libx").code(), errc::symbol_not_found);
}

TEST(Planner, ReportsARequestThatNoMemoryCanHold)
{
  memory_options options;
  options.stack_bytes = 65'536;
  options.maximum_bytes = 2U << 20;
  linking_world world(pie_main().build(), options);
  world.open("main", {.kind = load_kind::program});
  world.add("libx", side().data_size(64U << 20).build());
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::memory_exhausted);
  EXPECT_NE(failed.message().find("2097152"), std::string::npos) << failed.message();
}

TEST(Planner, GrowsTheMemoryToTheLargestMinimum)
{
  linking_world world = world_with("libx", module_info_builder().import_memory(5000));
  EXPECT_EQ(world.plan("libx").plan->memory_pages, 5000U);
}

TEST(Planner, MakesTheSamePlanFromTheSameHistory)
{
  auto run = [] {
    linking_world world(pie_main().needs("liba").import_function("a").tls(8).build());
    world.add("liba", side().data_size(10).tls(4).needs("libb").function("a").import_address("b").build());
    world.add("libb", side().data_size(99, 8).table_size(3).function("b").import_function("gone").build());
    return to_text(*world.plan("main", {.kind = load_kind::program}).plan);
  };
  EXPECT_EQ(run(), run());
}

} // namespace
} // namespace interlink

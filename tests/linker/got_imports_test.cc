// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports from `GOT.mem` and `GOT.func`. Rule numbers are those of the measured rules for linkers of wasm-ld's output.
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

constexpr std::uint32_t weak = symbol_flag::binding_weak | symbol_flag::undefined;

linking_world world_whose_main_has_slots(const std::string& name, module_info_builder library)
{
  linking_world world = linking_world::running(pie_main().table_size(2).element("malloc", 1).build());
  world.add(name, library.build());
  return world;
}

/// The constant that a symbol of the GOT is bound to; fails the test when it is bound to something else.
std::uint64_t constant_of(const module_plan& module, const std::string& name)
{
  const auto* constant = std::get_if<binding::constant>(&bound(module, name));
  EXPECT_NE(constant, nullptr) << name;
  return constant == nullptr ? ~std::uint64_t{0} : constant->value;
}

// Rule 7.
TEST(GotImports, AddTheExportersMemoryBaseToItsValue)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_data("errno_data"));
  EXPECT_EQ(constant_of(world.plan("libx").plan->modules[0], "errno_data"), world.state.layout.memory_base.value + 16);
}

// Rule 7.
TEST(GotImports, TakeTheValueOfAFixedAddressMainAsItIs)
{
  linking_world world = linking_world::running(
      module_info_builder().import_memory(2).data("__heap_base", 70'832).data("table_of_main", 1028).build());
  world.add("libx", module_info_builder().import_data("table_of_main").build());
  EXPECT_EQ(constant_of(world.plan("libx").plan->modules.at(0), "table_of_main"), 1028U);
}

TEST(GotImports, AddNoBaseToAnAbsoluteSymbol)
{
  linking_world world = world_whose_main_has_slots("libx", side().needs("liby").import_data("fixed"));
  world.add("liby", side().data_size(16).data("fixed", 77, symbol_flag::absolute).build());
  EXPECT_EQ(constant_of(module_named(*world.plan("libx").plan, "libx"), "fixed"), 77U);
}

// Rule 7: own exports are imported, too.
TEST(GotImports, ResolveAModulesOwnData)
{
  linking_world world = world_whose_main_has_slots("libx", side().data_size(64).import_data("own").data("own", 32));
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  EXPECT_EQ(constant_of(module, "own"), module.memory_base.value + 32);
}

// Rule 7: the first definition in load order wins.
TEST(GotImports, PreferTheFirstDefinitionToAModulesOwn)
{
  linking_world world =
      world_whose_main_has_slots("libx", side().data_size(64).import_data("errno_data").data("errno_data", 32));
  EXPECT_EQ(constant_of(world.plan("libx").plan->modules[0], "errno_data"), world.state.layout.memory_base.value + 16);
}

TEST(GotImports, ResolveDataOfAModuleThatComesLater)
{
  linking_world world = world_whose_main_has_slots("liba", side().needs("libb").data_size(64).data("of_a", 8));
  world.add("libb", side().needs("liba").import_data("of_a").build());
  const planned_load planned = world.plan("liba");
  EXPECT_EQ(constant_of(module_named(*planned.plan, "libb"), "of_a"),
            module_named(*planned.plan, "liba").memory_base.value + 8);
}

// Rule 7: weak undefined is 0.
TEST(GotImports, BindWeakUndefinedDataToZero)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_data("maybe", weak));
  EXPECT_EQ(constant_of(world.plan("libx").plan->modules[0], "maybe"), 0U);
}

TEST(GotImports, BindTheWeakUndefinedAddressOfAFunctionToZero)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_address("maybe", weak));
  EXPECT_EQ(constant_of(world.plan("libx").plan->modules[0], "maybe"), 0U);
}

TEST(GotImports, ReportMissingDataAlsoWithoutBindNow)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_data("nowhere"));
  EXPECT_EQ(world.failure("libx").code(), errc::symbol_not_found);
}

TEST(GotImports, ReportAMissingFunctionAddressAlsoWithoutBindNow)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_address("nowhere"));
  EXPECT_EQ(world.failure("libx").code(), errc::symbol_not_found);
}

// Rule 7: names that no module exports.
TEST(GotImports, SupplyTheHeapBase)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_data("__heap_base").import_data("__heap_end"));
  const planned_load planned = world.plan("libx");
  EXPECT_EQ(constant_of(planned.plan->modules[0], "__heap_base"), world.state.layout.heap_base.value);
  EXPECT_EQ(constant_of(planned.plan->modules[0], "__heap_end"), world.state.layout.heap_base.value);
}

// Rule 7.
TEST(GotImports, SupplyTheBoundsOfTheGroupsOwnStack)
{
  linking_world world =
      world_whose_main_has_slots("libx", side().import_data("__stack_low", weak).import_data("__stack_high", weak));
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  EXPECT_EQ(bound(module, "__stack_low"), import_binding(binding::stack_bound{false}));
  EXPECT_EQ(bound(module, "__stack_high"), import_binding(binding::stack_bound{true}));
}

// Rule 7.
TEST(GotImports, GiveEachModuleItsOwnDsoHandleEvenIfMainExportsOne)
{
  linking_world world = linking_world::running(pie_main().data("__dso_handle", 0).build());
  world.add("libx", side().data_size(64).import_data("__dso_handle").build());
  const planned_load planned = world.plan("libx");
  EXPECT_EQ(constant_of(planned.plan->modules[0], "__dso_handle"), planned.plan->modules[0].memory_base.value);
}

// Rule 5: per thread.
TEST(GotImports, BindAThreadLocalVariableToItsModulesBlock)
{
  linking_world world = world_whose_main_has_slots("libx", side().needs("libtls").import_data("counter"));
  world.add("libtls", side().data_size(64).tls(32).tls_variable("counter", 4).build());
  const planned_load planned = world.plan("libx");
  EXPECT_EQ(bound(module_named(*planned.plan, "libx"), "counter"),
            import_binding(binding::tls_address{module_named(*planned.plan, "libtls").id, 4}));
}

TEST(GotImports, FindAHiddenThreadLocalAsTheWasixLibcExportsErrno)
{
  linking_world world =
      linking_world::running(pie_main().tls(16).tls_variable("errno", 0, symbol_flag::visibility_hidden).build());
  world.add("libx", side().import_data("errno").build());
  EXPECT_EQ(bound(world.plan("libx").plan->modules[0], "errno"), import_binding(binding::tls_address{main_module, 0}));
}

TEST(GotImports, RefuseAThreadLocalOfAMainThatCannotInitialiseIt)
{
  linking_world world = linking_world::running(pie_main().tls_size_only(16).tls_variable("errno", 0).build());
  world.add("libx", side().import_data("errno").build());
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::unsupported_module);
  EXPECT_NE(failed.detail().remedy.find("--export=__wasm_init_tls"), std::string::npos);
}

TEST(GotImports, ReportAFunctionWhereDataIsWanted)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_data("malloc"));
  EXPECT_EQ(world.failure("libx").code(), errc::symbol_type_mismatch);
}

TEST(GotImports, ReportDataWhereAFunctionIsWanted)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_address("errno_data"));
  EXPECT_EQ(world.failure("libx").code(), errc::symbol_type_mismatch);
}

TEST(GotImports, ReportTheAddressOfAMutableGlobal)
{
  linking_world world = world_whose_main_has_slots("libx", side().needs("liby").import_data("counter"));
  world.add("liby", side().mutable_global("counter").build());
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::symbol_type_mismatch);
  EXPECT_NE(failed.message().find("address of a mutable global"), std::string::npos);
}

TEST(GotImports, ReportAnAddressBeyondTheAddressSpace)
{
  linking_world world = world_whose_main_has_slots("libx", side().needs("liby").import_data("far"));
  world.add("liby", side().data_size(16).data("far", 0xffff'ffff).build());
  EXPECT_NE(world.failure("libx").message().find("beyond 4 GiB"), std::string::npos);
}

TEST(GotImports, ReportAnEntryThatIsNoIntegerGlobal)
{
  linking_world world = world_whose_main_has_slots("libx", side().import("GOT.mem", "x", global_type{wasm::f64, true}));
  EXPECT_EQ(world.failure("libx").code(), errc::symbol_type_mismatch);
}

// Rule 6: function address identity.
TEST(GotImports, UseThePlaceThatAFunctionHasInItsModulesElements)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_address("malloc"));
  const planned_load planned = world.plan("libx");
  EXPECT_EQ(constant_of(planned.plan->modules[0], "malloc"), world.plan_of("main").table_base.value + 1);
  EXPECT_TRUE(planned.operations.empty());
}

// Rule 6.
TEST(GotImports, KnowTheAbsoluteSlotsOfAFixedAddressMain)
{
  linking_world world = linking_world::running(module_info_builder()
                                                   .import_memory(2)
                                                   .data("__heap_base", 70'832)
                                                   .table_size(4)
                                                   .function("callback")
                                                   .element("callback", 3, false)
                                                   .build());
  world.add("libx", module_info_builder().table_size(1).import_address("callback").build());
  const planned_load planned = world.plan("libx");
  EXPECT_EQ(constant_of(planned.plan->modules.at(0), "callback"), 3U);
  EXPECT_EQ(planned.plan->modules.at(0).table_base.value, 5U);
}

// Rule 6: one slot per function, shared by all modules.
TEST(GotImports, GiveAFunctionOneSlotForAllModulesOfALoad)
{
  linking_world world = world_whose_main_has_slots("liba", side().needs("libb").import_address("f"));
  world.add("libb", side().import_address("f").function("f").build());
  const planned_load planned = world.plan("liba");
  const std::uint64_t slot = constant_of(module_named(*planned.plan, "liba"), "f");
  EXPECT_NE(slot, 0U);
  EXPECT_EQ(constant_of(module_named(*planned.plan, "libb"), "f"), slot);
  EXPECT_EQ(planned.plan->slots.size(), 1U);
}

// Rule 6.
TEST(GotImports, GiveAliasesOfOneFunctionOneSlot)
{
  linking_world world =
      world_whose_main_has_slots("libx", side().import_address("f").import_address("g").aliases({"f", "g"}));
  const planned_load planned = world.plan("libx");
  EXPECT_EQ(constant_of(planned.plan->modules[0], "f"), constant_of(planned.plan->modules[0], "g"));
}

// Rule 6.
TEST(GotImports, UseTheSlotThatAnEarlierLoadGave)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_address("f").function("f"));
  world.open("libx", {.is_global = true});
  world.add("liby", side().import_address("f").build());
  EXPECT_EQ(constant_of(world.plan("liby").plan->modules[0], "f"), constant_of(world.plan_of("libx"), "f"));
}

TEST(GotImports, PublishASlotForAPublishedFunctionInTheSameTurn)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side().import_address("malloc").build());
  const topology_version before = world.state.current->version;
  const planned_load planned = world.plan("libx");
  const std::uint64_t slot = constant_of(planned.plan->modules[0], "malloc");
  ASSERT_EQ(planned.operations.size(), 1U);
  EXPECT_EQ(world.state.current->version.value, before.value + 1);
  EXPECT_EQ(slot_of(*world.state.current, main_module, ordinal_of(world.plan_of("main"), "malloc")).value, slot);
  EXPECT_TRUE(planned.plan->slots.empty());
}

TEST(GotImports, GiveAHostFunctionASlot)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_address("host_log"));
  world.catalog().offered[{"env", "host_log"}] = int_function;
  const planned_load planned = world.plan("libx");
  EXPECT_TRUE(planned.plan->slots.empty());
  ASSERT_EQ(planned.operations.size(), 1U);
  const auto& published = std::get<resolve_function>(planned.operations[0]);
  ASSERT_EQ(published.slots.size(), 1U);
  ASSERT_NE(published.slots[0].source.host, nullptr);
  EXPECT_EQ(published.slots[0].source.host->name, "host_log");
  EXPECT_EQ(published.slots[0].slot.value, constant_of(planned.plan->modules[0], "host_log"));
}

TEST(GotImports, GiveAHostFunctionTheSameSlotInALaterLoad)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_address("host_log"));
  world.catalog().offered[{"env", "host_log"}] = int_function;
  world.open("libx");
  world.add("liby", side().import_address("host_log").build());
  const planned_load planned = world.plan("liby");
  EXPECT_EQ(constant_of(planned.plan->modules[0], "host_log"), constant_of(world.plan_of("libx"), "host_log"));
}

TEST(GotImports, GiveAHostFunctionTheSameSlotInTwoLoadsAtOnce)
{
  linking_world world = world_whose_main_has_slots("libx", side().import_address("host_log"));
  world.catalog().offered[{"env", "host_log"}] = int_function;
  world.add("liby", side().import_address("host_log").build());
  const planned_load first = world.plan("libx");
  const planned_load second = world.plan("liby");
  EXPECT_EQ(constant_of(first.plan->modules[0], "host_log"), constant_of(second.plan->modules[0], "host_log"));
}

/// Passes the host's `host_log` on as `log_alias`, and `other.write` as `write_alias`.
module_info_builder passes_on()
{
  return side()
      .import_function("host_log", int_function)
      .import("other", "write", int_function)
      .pass_on("host_log", "log_alias")
      .pass_on("write", "write_alias");
}

linking_world world_that_passes_on()
{
  linking_world world = world_whose_main_has_slots("libx", passes_on());
  world.catalog().offered[{"env", "host_log"}] = int_function;
  world.catalog().offered[{"other", "write"}] = int_function;
  return world;
}

TEST(GotImports, GiveAHostFunctionThatIsPassedOnItsOneSlot)
{
  linking_world world = world_that_passes_on();
  world.open("libx", {.is_global = true});
  world.add("liby",
            side().import_address("log_alias").import_address("host_log").import_address("write_alias").build());
  world.open("liby");
  const module_plan& user = world.plan_of("liby");
  EXPECT_EQ(constant_of(user, "log_alias"), constant_of(user, "host_log"));
  EXPECT_NE(constant_of(user, "log_alias"), constant_of(user, "write_alias"));
  const module_plan& passer = world.plan_of("libx");
  for (const char* name : {"log_alias", "write_alias"}) {
    const auto given = assign_slot(world.state, passer.id, ordinal_of(passer, name));
    ASSERT_TRUE(given);
    EXPECT_EQ(given->slot.value, constant_of(user, name));
    EXPECT_TRUE(given->operations.empty());
  }
}

TEST(GotImports, GiveAHostFunctionThatIsPassedOnInTheSameLoadItsOneSlot)
{
  linking_world world = world_that_passes_on();
  world.add("liby", passes_on().needs("libx").import_address("write_alias").build());
  world.open("liby");
  for (const char* name : {"libx", "liby"}) {
    const module_plan& passer = world.plan_of(name);
    EXPECT_EQ(slot_of(*world.state.current, passer.id, ordinal_of(passer, "write_alias")).value,
              constant_of(world.plan_of("liby"), "write_alias"));
  }
}

TEST(GotImports, FindTheSlotThatDlsymGaveAHostFunction)
{
  linking_world world = world_that_passes_on();
  world.open("libx");
  const module_plan& passer = world.plan_of("libx");
  const auto given = assign_slot(world.state, passer.id, ordinal_of(passer, "log_alias"));
  ASSERT_TRUE(given);
  world.add("liby", side().import_address("host_log").build());
  world.open("liby");
  EXPECT_EQ(given->slot.value, constant_of(world.plan_of("liby"), "host_log"));
}

} // namespace
} // namespace interlink

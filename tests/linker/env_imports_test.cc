// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports from `env`. Rule numbers are those of the measured rules for linkers of wasm-ld's output.
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

template <class Binding>
const Binding* as(const import_binding& bound_to)
{
  return std::get_if<Binding>(&bound_to);
}

// Rule 8: a resolved export.
TEST(EnvImports, BindALibraryDirectlyToAFunctionOfMain)
{
  linking_world world = world_with("libx", side().import_function("malloc", int_function));
  const planned_load planned = world.plan("libx");
  const auto* direct = as<binding::direct>(bound(planned.plan->modules[0], "malloc"));
  ASSERT_NE(direct, nullptr);
  EXPECT_EQ(direct->provider, main_module);
  EXPECT_EQ(direct->export_ordinal, ordinal_of(world.plan_of("main"), "malloc"));
}

TEST(EnvImports, BindAUserDirectlyToADependencyOfTheSameLoad)
{
  linking_world world = world_with("libuser", side().needs("libbase").import_function("base"));
  world.add("libbase", side().function("base").build());
  const planned_load planned = world.plan("libuser");
  EXPECT_NE(as<binding::direct>(bound(module_named(*planned.plan, "libuser"), "base")), nullptr);
}

const function_type registrar_type{{wasm::i32, wasm::i32, wasm::i32}, {wasm::i32}};

// A library's exit handlers are kept by the host, whatever main defines; the thunk says whose they are.
TEST(EnvImports, BindALibrarysRegistrationsToTheHost)
{
  linking_world world = linking_world::running(pie_main().function("__cxa_atexit", registrar_type).build());
  world.catalog().offered[{"interlink", "__cxa_atexit"}] = registrar_type;
  world.add("libx", side().import_function("__cxa_atexit", registrar_type).import_address("__cxa_atexit").build());
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  const auto* thunk = as<binding::thunk>(bound(module, "__cxa_atexit", "env"));
  ASSERT_NE(thunk, nullptr);
  EXPECT_TRUE(module.thunks[thunk->number].tells_caller);
  const table_index slot = slot_of_host(*world.state.current, "interlink", "__cxa_atexit", registrar_type);
  EXPECT_NE(slot, null_slot);
  EXPECT_EQ(module.thunks[thunk->number].slot, slot);
  EXPECT_EQ(as<binding::constant>(bound(module, "__cxa_atexit", "GOT.func"))->value, slot.value);
  // What the registration hands to main's list has its slot by then.
  EXPECT_NE(slot_of_host(*world.state.current, "interlink", "run_exit_handler", function_type{{wasm::i32}, {}}),
            null_slot);
}

TEST(EnvImports, TellWhoCallsDlsym)
{
  linking_world world = linking_world::running(pie_main().function("dlsym").build());
  world.add("libx", side().import_function("dlsym").build());
  world.add("liby", side().import_function("dlsym").build());
  world.open("liby");
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  const auto* thunk = as<binding::thunk>(bound(module, "dlsym"));
  ASSERT_NE(thunk, nullptr);
  EXPECT_TRUE(module.thunks[thunk->number].tells_caller);
  EXPECT_EQ(module.thunks[thunk->number].slot, world.plan_of("liby").thunks.at(0).slot);
}

// Rule 8: circular, self and weak imports go through the table.
TEST(EnvImports, ReachALaterModuleOfTheSameLoadThroughAThunk)
{
  linking_world world = world_with("liba", side().needs("libb").function("from_a"));
  world.add("libb", side().needs("liba").import_function("from_a").build());
  const planned_load planned = world.plan("liba");
  const module_plan& b = module_named(*planned.plan, "libb");
  const auto* thunk = as<binding::thunk>(bound(b, "from_a"));
  ASSERT_NE(thunk, nullptr);
  EXPECT_NE(b.thunks[thunk->number].slot, null_slot);
}

TEST(EnvImports, ReachTheImportersOwnWeakFunctionThroughAThunk)
{
  linking_world world = world_with("libx", side().import_function("inline_fn").function("inline_fn"));
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  const auto* thunk = as<binding::thunk>(bound(module, "inline_fn"));
  ASSERT_NE(thunk, nullptr);
  const table_index slot = module.thunks[thunk->number].slot;
  EXPECT_EQ(planned.plan->slots, (std::vector<slot_fill>{{slot, {module.id, ordinal_of(module, "inline_fn")}}}));
}

TEST(EnvImports, LetMainReachANeededLibraryThroughAThunk)
{
  linking_world world(pie_main().needs("libx").import_function("from_x").build());
  world.add("libx", side().function("from_x").build());
  const planned_load planned = world.plan("main", {.kind = load_kind::program});
  const auto* thunk = as<binding::thunk>(bound(planned.plan->modules[0], "from_x"));
  ASSERT_NE(thunk, nullptr);
  EXPECT_NE(planned.plan->modules[0].thunks[thunk->number].slot, null_slot);
}

TEST(EnvImports, UseTheSlotThatTheFunctionHasInItsModulesOwnElements)
{
  linking_world world =
      world_with("libx", side().table_size(2).import_function("own").function("own").element("own", 1));
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  EXPECT_EQ(module.thunks[0].slot.value, module.table_base.value + 1);
  EXPECT_TRUE(planned.plan->slots.empty());
}

TEST(EnvImports, LeaveAMissingFunctionLazy)
{
  linking_world world = world_with("libx", side().import_function("later"));
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  ASSERT_NE(as<binding::thunk>(bound(module, "later")), nullptr);
  EXPECT_EQ(module.thunks[0].slot, null_slot);
}

TEST(EnvImports, ReportAMissingFunctionWithBindNow)
{
  linking_world world = world_with("libx", side().import_function("later"));
  EXPECT_EQ(world.failure("libx", {.bind_now = true}).code(), errc::symbol_not_found);
}

TEST(EnvImports, GiveAWeakUndefinedFunctionAThunkWithoutASlotEvenWithBindNow)
{
  linking_world world = world_with("libx", side().import_weak_function("maybe"));
  const planned_load planned = world.plan("libx", {.bind_now = true});
  EXPECT_EQ(planned.plan->modules[0].thunks.at(0).slot, null_slot);
}

TEST(EnvImports, TakeAFunctionOfTheHostWhenNoModuleHasIt)
{
  linking_world world = world_with("libx", side().import_function("host_log", int_function));
  world.catalog().offered[{"env", "host_log"}] = int_function;
  EXPECT_NE(as<binding::host>(bound(world.plan("libx").plan->modules[0], "host_log")), nullptr);
}

// As a published library's, whose import was bound to the host.
TEST(EnvImports, TakeAFunctionOfTheHostThatALibraryOfTheSameLoadPassesOn)
{
  linking_world world = world_with(
      "libx", side().needs("libpass").import_function("log_alias", int_function).import_address("log_alias"));
  world.add("libpass", side().import_function("host_log", int_function).pass_on("host_log", "log_alias").build());
  world.catalog().offered[{"env", "host_log"}] = int_function;
  const planned_load planned = world.plan("libx", {.bind_now = true});
  const auto* called = as<binding::direct>(bound(module_named(*planned.plan, "libx"), "log_alias"));
  ASSERT_NE(called, nullptr);
  EXPECT_EQ(called->provider, module_named(*planned.plan, "libpass").id);
  ASSERT_EQ(planned.operations.size(), 1U);
  const auto& published = std::get<resolve_function>(planned.operations[0]).slots;
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0].source.host->name, "host_log"); // the address is the function's, under any name
}

TEST(EnvImports, DoNotTakeWhatALibraryPassesOnOfAnotherSignatureThanTheHosts)
{
  linking_world world = world_with("libx", side().needs("libpass").import_function("log_alias", int_function));
  world.add("libpass", side().import_function("host_log", int_function).pass_on("host_log", "log_alias").build());
  world.catalog().offered[{"env", "host_log"}] = void_function;
  const std::string text = world.failure("libx", {.bind_now = true}).message();
  EXPECT_NE(text.find("log_alias"), std::string::npos) << text; // missing, and why: the next
  EXPECT_NE(text.find("host_log"), std::string::npos) << text;
}

TEST(EnvImports, PreferAModulesFunctionToTheHosts)
{
  linking_world world = world_with("libx", side().import_function("malloc", int_function));
  world.catalog().offered[{"env", "malloc"}] = int_function;
  EXPECT_NE(as<binding::direct>(bound(world.plan("libx").plan->modules[0], "malloc")), nullptr);
}

TEST(EnvImports, ReportBothSignaturesOfAMismatch)
{
  linking_world world = world_with("libx", side().import_function("malloc", void_function));
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::symbol_type_mismatch);
  EXPECT_EQ(failed.detail().symbol_name, "malloc");
  EXPECT_EQ(failed.detail().expected, "(func)");
  EXPECT_EQ(failed.detail().found, "(func (param i32) (result i32)) in main");
}

TEST(EnvImports, ReportAHostFunctionOfAnotherSignature)
{
  linking_world world = world_with("libx", side().import_function("host_log", void_function));
  world.catalog().offered[{"env", "host_log"}] = int_function;
  EXPECT_EQ(world.failure("libx").code(), errc::symbol_type_mismatch);
}

TEST(EnvImports, RefuseSignaturesThatNameAModulesOwnTypes)
{
  const function_type concrete{{value_type{0x63, 3}}, {}};
  linking_world world = world_with("libx", side().needs("libb").import_function("f", concrete));
  world.add("libb", side().function("f", concrete).build());
  EXPECT_EQ(world.failure("libx").code(), errc::unsupported_module);
}

TEST(EnvImports, FollowAFunctionThatIsPassedOnToItsDefinition)
{
  linking_world world =
      world_with("libpass", side().import_function("malloc", int_function).pass_on("malloc", "my_alloc"));
  world.open("libpass");
  world.add("libx", side().needs("libpass").import_function("my_alloc", int_function).build());
  const planned_load planned = world.plan("libx");
  const auto* direct = as<binding::direct>(bound(planned.plan->modules[0], "my_alloc"));
  ASSERT_NE(direct, nullptr);
  EXPECT_EQ(direct->provider, main_module);
}

TEST(EnvImports, FollowAPassedOnFunctionWithinOneLoad)
{
  linking_world world = world_with("libx", side().needs("libpass").import_function("my_alloc", int_function));
  world.add("libpass", side().import_function("malloc", int_function).pass_on("malloc", "my_alloc").build());
  const planned_load planned = world.plan("libx");
  const auto* direct = as<binding::direct>(bound(module_named(*planned.plan, "libx"), "my_alloc"));
  ASSERT_NE(direct, nullptr);
  EXPECT_EQ(direct->provider, main_module);
}

TEST(EnvImports, DoNotTakeAPassedOnImportForItsOwnDefinition)
{
  linking_world world = world_with("libx", side().import_function("nowhere").pass_on("nowhere", "nowhere"));
  EXPECT_EQ(world.failure("libx", {.bind_now = true}).code(), errc::symbol_not_found);
}

TEST(EnvImports, SearchMainBeforeTheLibrarysOwnClosure)
{
  linking_world world = world_with("libx", side().needs("libbase").import_function("malloc", int_function));
  world.add("libbase", side().function("malloc", int_function).build());
  const planned_load planned = world.plan("libx");
  EXPECT_EQ(as<binding::direct>(bound(module_named(*planned.plan, "libx"), "malloc"))->provider, main_module);
}

TEST(EnvImports, SearchGlobalModulesBeforeTheLibrarysOwnClosure)
{
  linking_world world = world_with("libglobal", side().function("shared_name"));
  const module_id global = world.open("libglobal", {.is_global = true});
  world.add("libx", side().needs("libbase").import_function("shared_name").build());
  world.add("libbase", side().function("shared_name").build());
  const planned_load planned = world.plan("libx");
  EXPECT_EQ(as<binding::direct>(bound(module_named(*planned.plan, "libx"), "shared_name"))->provider, global);
}

TEST(EnvImports, DoNotSearchALibraryThatWasOpenedLocally)
{
  linking_world world = world_with("liblocal", side().function("local_name"));
  world.open("liblocal");
  world.add("libx", side().import_function("local_name").build());
  EXPECT_EQ(world.plan("libx").plan->modules[0].thunks.at(0).slot, null_slot);
}

TEST(EnvImports, SearchTheRootsClosureForAnImportOfItsDependency)
{
  linking_world world = world_with("libroot", side().needs("libbase").function("callback"));
  world.add("libbase", side().import_function("callback").build());
  const planned_load planned = world.plan("libroot");
  const module_plan& base = module_named(*planned.plan, "libbase");
  EXPECT_NE(base.thunks.at(0).slot, null_slot);
}

// Rule 9.
TEST(EnvImports, GiveTheLinkedMemory)
{
  linking_world world = world_with("libx", side());
  EXPECT_NE(as<binding::linked_memory>(bound(world.plan("libx").plan->modules[0], "memory")), nullptr);
}

// Rule 9.
TEST(EnvImports, RefuseAMemoryMaximumBelowTheProgramsAndNameBoth)
{
  linking_world world = world_with("libx", module_info_builder().import_memory(1, 16'384));
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::unsupported_module);
  const std::string text = failed.message();
  EXPECT_NE(text.find("16384 pages"), std::string::npos) << text;
  EXPECT_NE(text.find("65536 pages"), std::string::npos) << text;
  EXPECT_NE(text.find("--max-memory=4294967296"), std::string::npos) << text;
}

// Rule 9.
TEST(EnvImports, RefuseAnUnsharedMemoryInAProgramWithASharedOne)
{
  linking_world world = world_with("libx", module_info_builder().import_memory(1, 65'536, false));
  EXPECT_EQ(world.failure("libx").code(), errc::unsupported_module);
}

TEST(EnvImports, RefuseA64BitMemory)
{
  linking_world world =
      world_with("libx", module_info_builder().import("env", "memory", memory_type{{1, 65'536}, true, true, 16}));
  EXPECT_EQ(world.failure("libx").code(), errc::unsupported_module);
}

TEST(EnvImports, RefuseATableOfOtherElements)
{
  linking_world world = world_with("libx", module_info_builder().import("env", "__indirect_function_table",
                                                                        table_type{wasm::externref, {0, {}}, false}));
  EXPECT_EQ(world.failure("libx").code(), errc::unsupported_module);
}

TEST(EnvImports, GiveEachModuleItsOwnBases)
{
  linking_world world = world_with("libx", side().data_size(64).table_size(3));
  const planned_load planned = world.plan("libx");
  const module_plan& module = planned.plan->modules[0];
  EXPECT_EQ(as<binding::constant>(bound(module, "__memory_base"))->value, module.memory_base.value);
  EXPECT_EQ(as<binding::constant>(bound(module, "__table_base"))->value, module.table_base.value);
  EXPECT_NE(module.memory_base.value, 0U);
  EXPECT_NE(module.table_base.value, 0U);
}

// Rule 10.
TEST(EnvImports, ShareTheGroupsStackPointer)
{
  linking_world world = world_with("libx", side().import("env", "__stack_pointer", address_import));
  EXPECT_NE(as<binding::stack_pointer>(bound(world.plan("libx").plan->modules[0], "__stack_pointer")), nullptr);
}

// Rule 10.
TEST(EnvImports, TakeTheStackPointerFromAFixedAddressMainThatExportsIt)
{
  const auto main =
      module_info_builder().import_memory(2).data("__heap_base", 70'832).mutable_global("__stack_pointer").build();
  linking_world world = linking_world::running(main);
  world.add("libx", module_info_builder().import_memory().import("env", "__stack_pointer", address_import).build());
  const auto planned = world.plan("libx");
  const auto* direct = as<binding::direct>(bound(planned.plan->modules.at(0), "__stack_pointer"));
  ASSERT_NE(direct, nullptr);
  EXPECT_EQ(direct->provider, main_module);
}

// Rule 10.
TEST(EnvImports, TellAFixedAddressMainToExportItsStackPointer)
{
  const auto main = module_info_builder().import_memory(2).data("__heap_base", 70'832).build();
  linking_world world = linking_world::running(main);
  world.add("libx", module_info_builder().import("env", "__stack_pointer", address_import).build());
  EXPECT_EQ(world.failure("libx").detail().remedy, "link the main module with --export=__stack_pointer");
}

// Rule 8: one tag per store, unless a module defines it.
TEST(EnvImports, ShareOneTagPerStore)
{
  const tag_type tag{function_type{{wasm::i32}, {}}};
  linking_world world = world_with("libx", side().import("env", "__cpp_exception", tag));
  EXPECT_NE(as<binding::shared_tag>(bound(world.plan("libx").plan->modules[0], "__cpp_exception")), nullptr);
}

// Rule 8.
TEST(EnvImports, TakeATagThatMainDefines)
{
  const tag_type tag{function_type{{wasm::i32}, {}}};
  linking_world world = linking_world::running(pie_main().tag("__cpp_exception").build());
  world.add("libx", side().import("env", "__cpp_exception", tag).build());
  EXPECT_NE(as<binding::direct>(bound(world.plan("libx").plan->modules[0], "__cpp_exception")), nullptr);
}

TEST(EnvImports, KnowNoTagOfAnotherSignature)
{
  linking_world world = world_with("libx", side().import("env", "odd", tag_type{}));
  EXPECT_EQ(world.failure("libx").code(), errc::unknown_import);
}

TEST(EnvImports, GiveAnotherModulesGlobalItself)
{
  linking_world world = linking_world::running(pie_main().mutable_global("counter").build());
  world.add("libx", side().import("env", "counter", address_import).build());
  EXPECT_NE(as<binding::direct>(bound(world.plan("libx").plan->modules[0], "counter")), nullptr);
}

TEST(EnvImports, KnowNoGlobalThatNobodyHas)
{
  linking_world world = world_with("libx", side().import("env", "counter", address_import));
  EXPECT_EQ(world.failure("libx").code(), errc::unknown_import);
}

} // namespace
} // namespace interlink

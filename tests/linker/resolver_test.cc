// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/resolver.hh"

#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

const std::string wasi = "wasi_snapshot_preview1";

TEST(Resolver, ReportsAllUnresolvedSymbolsAtOnceWithTheModuleThatNeedsEach)
{
  linking_world world = world_with("liba", side().needs("libb").import_data("one").import_address("two"));
  world.add("libb", side().import_data("three").build());
  const error failed = world.failure("liba");
  ASSERT_EQ(failed.detail().missing.size(), 3U);
  EXPECT_EQ(failed.detail().missing[0].module_name, "libb");
  EXPECT_EQ(failed.detail().missing[0].symbol_name, "three");
  EXPECT_EQ(failed.detail().missing[1].symbol_name, "one");
  EXPECT_EQ(failed.detail().missing[2].import_module, "GOT.func");
}

TEST(Resolver, ListsUnknownImportsWithModuleNameAndType)
{
  linking_world world =
      world_with("libx", side().import("napi", "create", int_function).import("napi", "drop", void_function));
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::unknown_import);
  ASSERT_EQ(failed.detail().missing.size(), 2U);
  EXPECT_EQ(failed.detail().missing[0].import_module, "napi");
  EXPECT_EQ(failed.detail().missing[0].symbol_name, "create");
  EXPECT_EQ(failed.detail().missing[0].expected_type, "(func (param i32) (result i32))");
}

TEST(Resolver, ReportsMissingSymbolsBeforeMismatchesAndNamesBoth)
{
  linking_world world = world_with("libx", side().import_data("nowhere").import_function("malloc", void_function));
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::symbol_not_found);
  EXPECT_NE(failed.message().find("malloc"), std::string::npos);
}

TEST(Resolver, ListsAllMismatches)
{
  linking_world world = world_with("libx", side().import_function("malloc", void_function).import_data("malloc"));
  const error failed = world.failure("libx");
  EXPECT_EQ(failed.code(), errc::symbol_type_mismatch);
  EXPECT_NE(failed.message().find("2 symbols found with another type"), std::string::npos) << failed.message();
}

// One line counts each kind; the lists follow, each with lines of its own.
TEST(Resolver, KeepsWhatIsWrongInSeveralWaysApart)
{
  linking_world world = world_with(
      "libx",
      side().import("host", "create", int_function).import_data("nowhere").import_function("malloc", void_function));
  const std::string text = world.failure("libx").message();
  EXPECT_TRUE(
      text.starts_with("1 symbol that no module defines; 1 import that the host does not provide; 1 symbol found "
                       "with another type; interlink nm shows what a module defines\n  malloc (env), needed by "
                       "libx as (func), found "))
      << text;
  EXPECT_TRUE(text.contains("\n  nowhere ")) << text;
  EXPECT_TRUE(text.ends_with("\n  create (func (param i32) (result i32)) (host), needed by libx")) << text;
}

TEST(Resolver, BindsAnImportOfTheGuestInterfaceToTheHost)
{
  linking_world world = world_with("libx", side().import(wasi, "fd_write", int_function));
  world.catalog().offered[{wasi, "fd_write"}] = int_function;
  EXPECT_EQ(bound(world.plan("libx").plan->modules[0], "fd_write"), import_binding(binding::host{}));
}

TEST(Resolver, ReportsAnImportOfTheGuestInterfaceWithAnotherType)
{
  linking_world world = world_with("libx", side().import(wasi, "fd_write", void_function));
  world.catalog().offered[{wasi, "fd_write"}] = int_function;
  EXPECT_EQ(world.failure("libx").code(), errc::symbol_type_mismatch);
}

TEST(Resolver, TakesAnyFunctionOfAnOpenHostModule)
{
  linking_world world = world_with("libx", side().import("wasix_32v1", "anything", int_function));
  world.catalog().open_modules.insert("wasix_32v1");
  EXPECT_EQ(bound(world.plan("libx").plan->modules[0], "anything"), import_binding(binding::host{}));
}

TEST(Resolver, TakesNoGlobalOfAnOpenHostModule)
{
  linking_world world = world_with("libx", side().import("wasix_32v1", "anything", constant_int));
  world.catalog().open_modules.insert("wasix_32v1");
  EXPECT_EQ(world.failure("libx").code(), errc::unknown_import);
}

TEST(Resolver, LinksTheFunctionsOfAProgramLazily)
{
  linking_world world(pie_main().import_function("optional_part").build());
  const planned_load planned = world.plan("main", {.kind = load_kind::program});
  EXPECT_EQ(planned.plan->modules.at(0).thunks.at(0).slot, null_slot);
}

TEST(Resolver, CanBeUsedAlone)
{
  const snapshot_ptr nothing = make_empty_snapshot();
  module_plan module;
  module.id = module_id{2};
  module.name = "libx";
  module.info = side().import_address("f").function("f").build();
  module.memory_base.value = 4096;
  const std::vector<module_plan> modules{module};
  const host_catalog catalog;
  symbol_scope scope(*nothing, catalog);
  scope.add({module.id, module.info.get(), module.name, module.memory_base, module.table_base, 0});
  main_layout layout;
  layout.memory = memory_type{{1, 65'536}, true, false, 16};
  auto resolved = resolve_imports({*nothing, {}, modules, scope, catalog, layout, false});
  ASSERT_TRUE(resolved);
  ASSERT_EQ(resolved->wanted_slots.size(), 1U);
  place_slots(*resolved, table_index{7});
  EXPECT_EQ(resolved->modules[0].imports.back(), import_binding(binding::constant{7}));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/snapshot.hh"

#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

const library_handle main_scope = default_scope_handle;

template <class Found>
Found found(const linking_world& world, library_handle handle, const std::string& name)
{
  const auto symbol = find_symbol(*world.state.current, handle, name);
  EXPECT_TRUE(symbol) << (symbol ? std::string() : symbol.error().message());
  const auto* as = symbol ? std::get_if<Found>(&*symbol) : nullptr;
  EXPECT_NE(as, nullptr) << name << " is another kind of symbol";
  return as == nullptr ? Found{} : *as;
}

errc failure(const linking_world& world, library_handle handle, const std::string& name)
{
  const auto symbol = find_symbol(*world.state.current, handle, name);
  EXPECT_FALSE(symbol);
  return symbol ? errc::cancelled : symbol.error().code();
}

library_handle open(linking_world& world, const std::string& name, module_info_builder library, const ask& how = {})
{
  world.add(name, library.build());
  return library_handle{world.open(name, how).value};
}

TEST(FindSymbol, FindsAFunctionWithoutASlot)
{
  linking_world world = linking_world::running(pie_main().build());
  const auto function = found<found_function>(world, main_scope, "malloc");
  EXPECT_EQ(function.provider, main_module);
  EXPECT_EQ(function.slot, null_slot);
}

TEST(FindSymbol, FindsAFunctionWithThePlaceInItsModulesElements)
{
  linking_world world = linking_world::running(pie_main().table_size(2).element("malloc", 1).build());
  EXPECT_EQ(found<found_function>(world, main_scope, "malloc").slot.value, 2U);
}

TEST(FindSymbol, NamesAFunctionByItsFirstExport)
{
  linking_world world = linking_world::running(pie_main().aliases({"first", "second"}).build());
  EXPECT_EQ(found<found_function>(world, main_scope, "second").export_ordinal,
            ordinal_of(world.plan_of("main"), "first"));
}

TEST(FindSymbol, FindsDataAtItsAddress)
{
  linking_world world = linking_world::running(pie_main().build());
  EXPECT_EQ(found<found_data>(world, main_scope, "errno_data").address.value,
            world.state.layout.memory_base.value + 16);
}

TEST(FindSymbol, FindsAThreadLocalAsOffset)
{
  linking_world world = linking_world::running(pie_main().tls(16).tls_variable("v", 4).build());
  const auto variable = found<found_tls>(world, main_scope, "v");
  EXPECT_EQ(variable.provider, main_module);
  EXPECT_EQ(variable.offset, 4U);
}

TEST(FindSymbol, TakesMainsHandleForTheGlobalScope)
{
  linking_world world =
      linking_world::running(pie_main().needs("libx").build(), {{"libx", side().function("f").build()}});
  EXPECT_EQ(found<found_function>(world, main_handle, "f").provider, world.id_of("libx"));
}

TEST(FindSymbol, SearchesALibrarysClosureBreadthFirst)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("liba", side().needs("libdeep").build());
  world.add("libdeep", side().function("f").build());
  world.add("libb", side().function("f").build());
  const library_handle handle = open(world, "libx", side().needs("liba").needs("libb"));
  EXPECT_EQ(found<found_function>(world, handle, "f").provider, world.id_of("libb"));
}

TEST(FindSymbol, DoesNotSearchMainByALibrarysHandle)
{
  linking_world world = linking_world::running(pie_main().build());
  const library_handle handle = open(world, "libx", side());
  EXPECT_EQ(failure(world, handle, "malloc"), errc::symbol_not_found);
}

TEST(FindSymbol, DoesNotFindLocalLibrariesInTheGlobalScope)
{
  linking_world world = linking_world::running(pie_main().build());
  open(world, "libx", side().function("f"));
  EXPECT_EQ(failure(world, main_scope, "f"), errc::symbol_not_found);
}

TEST(FindSymbol, FindsGlobalLibrariesInTheGlobalScope)
{
  linking_world world = linking_world::running(pie_main().build());
  open(world, "libx", side().function("f"), {.is_global = true});
  EXPECT_EQ(found<found_function>(world, main_scope, "f").provider, world.id_of("libx"));
}

TEST(FindSymbol, DoesNotFindHiddenExports)
{
  linking_world world = linking_world::running(pie_main().data("h", 4, symbol_flag::visibility_hidden).build());
  EXPECT_EQ(failure(world, main_scope, "h"), errc::symbol_not_found);
}

TEST(FindSymbol, RefusesAnUnknownHandle)
{
  linking_world world = linking_world::running(pie_main().build());
  EXPECT_EQ(failure(world, library_handle{77}, "malloc"), errc::invalid_handle);
}

TEST(FindSymbol, RefusesATag)
{
  linking_world world = linking_world::running(pie_main().tag("t").build());
  EXPECT_EQ(failure(world, main_scope, "t"), errc::symbol_type_mismatch);
}

TEST(FindSymbol, RefusesTheAddressOfAMutableGlobal)
{
  linking_world world = linking_world::running(pie_main().mutable_global("g").build());
  EXPECT_EQ(failure(world, main_scope, "g"), errc::symbol_type_mismatch);
}

TEST(FindSymbol, FollowsAFunctionThatIsPassedOn)
{
  linking_world world = linking_world::running(pie_main().build());
  const library_handle handle =
      open(world, "libx", side().import_function("malloc", int_function).pass_on("malloc", "my_alloc"));
  EXPECT_EQ(found<found_function>(world, handle, "my_alloc").provider, main_module);
}

TEST(Snapshot, KeepsWhatItHadWhenTheNextOneIsMade)
{
  linking_world world = linking_world::running(pie_main().build());
  const snapshot_ptr kept = world.state.current;
  const std::uint64_t hash = hash_of(*kept);
  open(world, "libx", side().function("f"), {.is_global = true});
  ASSERT_TRUE(assign_slot(world.state, main_module, 0));
  EXPECT_EQ(hash_of(*kept), hash);
  EXPECT_NE(hash_of(*world.state.current), hash);
}

TEST(Snapshot, ShowsTheSlotThatAFunctionWasGiven)
{
  linking_world world = linking_world::running(pie_main().build());
  const auto given = assign_slot(world.state, main_module, ordinal_of(world.plan_of("main"), "malloc"));
  ASSERT_TRUE(given);
  EXPECT_EQ(found<found_function>(world, main_scope, "malloc").slot, given->slot);
}

TEST(PagedVector, SharesPagesButNotChanges)
{
  paged_vector<table_index> first;
  first.set(100, table_index{7});
  paged_vector<table_index> second = first;
  second.set(101, table_index{8});
  EXPECT_EQ(first[101], null_slot);
  EXPECT_EQ(second[100].value, 7U);
}

TEST(PagedVector, VisitsOnlyWhatWasSet)
{
  paged_vector<table_index> slots;
  slots.set(200, table_index{7});
  slots.set(3, table_index{8});
  std::vector<std::size_t> visited;
  slots.for_each([&](std::size_t index, table_index) { visited.push_back(index); });
  EXPECT_EQ(visited, (std::vector<std::size_t>{3, 200}));
}

module_id provider_for(const linking_world& world, library_handle handle, module_id caller)
{
  const auto symbol = find_symbol(*world.state.current, handle, "f", caller);
  const auto* function = symbol ? std::get_if<found_function>(&*symbol) : nullptr;
  return function == nullptr ? no_module : function->provider;
}

/// libx needs libbase, both with f, opened locally.
linking_world with_local_group(const ask& how, const module_info_builder& main = pie_main())
{
  linking_world world = linking_world::running(main.build());
  world.add("libbase", side().function("f").build());
  world.add("libx", side().needs("libbase").function("f").build());
  world.open("libx", how);
  return world;
}

TEST(FindSymbol, LooksInTheCallersOwnScopeAfterTheGlobalOne)
{
  const linking_world world = with_local_group({});
  const module_id caller = world.id_of("libbase");
  EXPECT_EQ(provider_for(world, default_scope_handle, caller), world.id_of("libx"));
  EXPECT_EQ(provider_for(world, default_scope_handle, main_module), no_module);
  EXPECT_EQ(provider_for(world, main_handle, caller), no_module);
  const linking_world taken = with_local_group({}, pie_main().function("f"));
  EXPECT_EQ(provider_for(taken, default_scope_handle, taken.id_of("libbase")), main_module);
}

TEST(FindSymbol, LooksBehindTheCallerForTheNext)
{
  const linking_world world = with_local_group({});
  EXPECT_EQ(provider_for(world, next_scope_handle, world.id_of("libx")), world.id_of("libbase"));
  EXPECT_EQ(provider_for(world, next_scope_handle, world.id_of("libbase")), no_module);
  const linking_world with_needed =
      linking_world::running(pie_main().needs("libx").function("f").build(), {{"libx", side().function("f").build()}});
  EXPECT_EQ(provider_for(with_needed, next_scope_handle, main_module), with_needed.id_of("libx"));
}

TEST(FindSymbol, FindsMainUnderTheNameThatClangGivesIt)
{
  const linking_world world = linking_world::running(pie_main().function("__main_argc_argv").build());
  EXPECT_EQ(found<found_function>(world, main_handle, "main").provider, main_module);
}

TEST(ModuleWithData, IsTheOneWhoseRangeHoldsTheAddress)
{
  linking_world world = linking_world::running(pie_main().build());
  const library_handle handle = open(world, "libx", side().data_size(64));
  const std::uint64_t base = world.plan_of("libx").memory_base.value;
  EXPECT_EQ(module_with_data(*world.state.current, {base}), module_id{handle.value});
  EXPECT_EQ(module_with_data(*world.state.current, {base + 63}), module_id{handle.value});
  EXPECT_EQ(module_with_data(*world.state.current, {base + 64}), std::nullopt);
}

TEST(ModuleWithSlot, IsTheOneThatOwnsOrWasGivenIt)
{
  linking_world world = linking_world::running(pie_main().table_size(2).build());
  const library_handle handle = open(world, "libx", side().table_size(3).function("f"));
  const table_index own = world.plan_of("libx").table_base;
  EXPECT_EQ(module_with_slot(*world.state.current, table_index{own.value + 2}), module_id{handle.value});
  EXPECT_EQ(module_with_slot(*world.state.current, null_slot), std::nullopt);
  const auto given = assign_slot(world.state, module_id{handle.value}, ordinal_of(world.plan_of("libx"), "f"));
  ASSERT_TRUE(given);
  EXPECT_EQ(module_with_slot(*world.state.current, given->slot), module_id{handle.value});
}

} // namespace
} // namespace interlink

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

} // namespace
} // namespace interlink

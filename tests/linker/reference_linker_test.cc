// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The oracle itself, on what anybody can foretell; and the rule R2, which it found broken.
#include "tests/support/reference_linker.hh"

#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;
using support::reference_linker;
using kind = support::reference_symbol::kind;

/// Opens in both linkers.
module_id open(linking_world& world, reference_linker& reference, const std::string& name, const ask& how = {})
{
  const auto root = reference.prepare(world.request(name, how), module_id{world.state.next_module});
  EXPECT_TRUE(root);
  reference.commit(*root);
  EXPECT_EQ(world.open(name, how), *root);
  return *root;
}

class ReferenceLinker : public testing::Test {
protected:
  void start(module_info_builder main)
  {
    world.emplace(main.build());
    open(*world, reference, "main", {.kind = load_kind::program});
  }

  module_id add(const std::string& name, module_info_builder library, const ask& how = {})
  {
    world->add(name, library.build());
    return open(*world, reference, name, how);
  }

  std::optional<linking_world> world;
  reference_linker reference{{}};
};

TEST_F(ReferenceLinker, BindsToTheFirstDefinitionInScope)
{
  start(pie_main());
  const module_id first = add("first", side().function("f").data("d", 8), {.is_global = true});
  add("second", side().function("f"), {.is_global = true});
  const module_id user = add("user", side().import_function("f").import_data("d").import_function("later"));
  const auto bound = reference.bindings_of(user);
  ASSERT_EQ(bound.size(), 7U); // memory, bases and table come first
  EXPECT_EQ(bound[4], (support::reference_symbol{kind::function, first, 0}));
  EXPECT_EQ(bound[5], (support::reference_symbol{kind::data, first, 1}));
  EXPECT_EQ(bound[6].what, kind::unbound);
  EXPECT_EQ(reference.call(user, 6).error().code(), errc::symbol_not_found);
  const module_id late = add("late", side().function("later"), {.is_global = true});
  EXPECT_EQ(reference.call(user, 6), (support::reference_symbol{kind::function, late, 0}));
}

TEST_F(ReferenceLinker, UnloadsWhatNobodyReaches)
{
  start(pie_main());
  const module_id base = add("base", side().function("f"));
  const module_id user = add("user", side().needs("base").import_function("f"));
  EXPECT_EQ(reference.close({base.value}), std::vector<module_id>{});
  EXPECT_EQ(reference.close({base.value}).error().code(), errc::invalid_handle);
  EXPECT_EQ(reference.close({user.value}), (std::vector{user, base}));
  EXPECT_EQ(reference.modules().size(), 3U);
  reference.unload(std::vector{user, base});
  EXPECT_EQ(reference.modules(), std::vector{main_module});
}

// Were the re-export a definition of `f`, the first call would bind main's `f` to itself and call for ever.
TEST_F(ReferenceLinker, ALazyFunctionThatIsPassedOnIsNobodysUntilItIsBound)
{
  start(pie_main().import_function("f").pass_on("f", "f").pass_on("f", "g"));
  EXPECT_EQ(reference.find(main_handle, "g").error().code(), errc::symbol_not_found);
  EXPECT_EQ(find_symbol(*world->state.current, main_handle, "g").error().code(), errc::symbol_not_found);
  EXPECT_EQ(reference.call(main_module, 5).error().code(), errc::symbol_not_found);
  EXPECT_EQ(bind_lazy(world->state, main_module, 0).error().code(), errc::symbol_not_found);

  const module_id library = add("library", side().function("f"), {.is_global = true});
  const support::reference_symbol defined{kind::function, library, 0};
  EXPECT_EQ(reference.call(main_module, 5), defined);
  EXPECT_EQ(reference.find(main_handle, "g"), defined);
  const auto bound = bind_lazy(world->state, main_module, 0);
  ASSERT_TRUE(bound) << bound.error().message();
  EXPECT_EQ(bound->slot, slot_of(*world->state.current, library, 0));
  const auto passed_on = find_symbol(*world->state.current, main_handle, "g");
  ASSERT_TRUE(passed_on);
  EXPECT_EQ(std::get<found_function>(*passed_on).slot, bound->slot);
}

} // namespace
} // namespace interlink

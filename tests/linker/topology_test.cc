// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random histories of turns: opens, abandons, closes, threads that come and go, symbols. After each turn the invariants
// of linker/topology.hh are checked on the whole state. A failure names its seed.
#include "linker/topology.hh"

#include "linker/module_checks.hh"
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace interlink {
namespace {

using namespace test;

/// Slots of the modules of a plan, with those given to them.
void collect_slots(const load_plan& plan, std::vector<std::uint32_t>& slots)
{
  for (const module_plan& module : plan.modules) {
    for (std::uint32_t i = 0; i < table_slots_of(*module.info); ++i) {
      slots.push_back(module.table_base.value + i);
    }
  }
}

/// Every slot that someone owns, published or reserved.
std::vector<std::uint32_t> owned_slots(const topology& state)
{
  std::vector<std::uint32_t> slots;
  auto add = [&](std::size_t, table_index slot) {
    slots.push_back(slot.value);
  };
  for (std::size_t place = 0; place < state.current->modules->size(); ++place) {
    const module_plan& plan = (*state.current->modules)[place]->plan();
    for (std::uint32_t i = 0; i < table_slots_of(*plan.info); ++i) {
      slots.push_back(plan.table_base.value + i);
    }
    state.current->slots[place]->of_export.for_each(add);
  }
  for (const slot_fill& given : *state.current->host_slots) {
    slots.push_back(given.slot.value);
  }
  for (const auto& [id, load] : state.loads) {
    collect_slots(*load.plan, slots);
    for (const slot_fill& fill : load.plan->slots) {
      slots.push_back(fill.slot.value);
    }
  }
  return slots;
}

/// Every range that someone owns or that is free, ascending.
std::vector<memory_range> all_ranges(const topology& state)
{
  std::vector<memory_range> ranges;
  for (const loaded_module_ptr& module : *state.current->modules) {
    if (module->plan().id != main_module && module->plan().memory_base.value != 0) {
      ranges.push_back({module->plan().memory_base.value, module->plan().memory_size});
    }
  }
  for (const auto& [group, entry] : state.roster) {
    for (const auto& [module, range] : entry.blocks) {
      ranges.push_back(range);
    }
  }
  for (const auto& [id, load] : state.loads) {
    for (const memory_arena::allocation& reserved : load.reserved_memory) {
      ranges.push_back(reserved.range);
    }
  }
  for (const memory_arena::free_range& free : state.arena.free_ranges()) {
    ranges.push_back(free.range);
  }
  std::ranges::sort(ranges);
  return ranges;
}

/// T3 and T4; and nothing of the arena gets lost.
void check_invariants(const topology& state)
{
  std::vector<std::uint32_t> slots = owned_slots(state);
  std::ranges::sort(slots);
  ASSERT_EQ(std::ranges::adjacent_find(slots), slots.end()) << "a slot is owned twice";
  ASSERT_TRUE(slots.empty() || slots.front() > 0) << "slot 0 is owned";
  ASSERT_TRUE(slots.empty() || slots.back() < state.table.size());
  std::uint64_t at = state.layout.arena.address;
  for (const memory_range& range : all_ranges(state)) {
    ASSERT_EQ(range.address, at) << "ranges overlap or leave a hole";
    at = range.end();
  }
  ASSERT_EQ(at, state.layout.arena.end());
}

/// Six libraries with everything that takes slots, memory and references; two of them need each other.
linking_world make_world()
{
  linking_world world(pie_main().tls(24).needs("lib0").import_function("f0").build());
  for (int i = 0; i < 6; ++i) {
    const std::string number = std::to_string(i);
    module_info_builder library = side();
    library.data_size(static_cast<std::uint32_t>(100 * i), static_cast<std::uint32_t>(i + 2))
        .table_size(static_cast<std::uint32_t>(i % 3), i % 2)
        .import_function("malloc", int_function)
        .import_address("f" + number)
        .import_function("f" + std::to_string((i + 1) % 6))
        .function("f" + number);
    if (i % 2 == 1) {
      library.tls(static_cast<std::uint64_t>(16 * i), 32);
    }
    if (i == 4) {
      library.open_start();
    }
    if (i > 1) {
      library.needs("lib" + std::to_string(i - 1));
    }
    if (i == 2) {
      library.needs("lib3");
    }
    world.add("lib" + number, library.build());
  }
  world.open("main", {.kind = load_kind::program});
  return world;
}

/// Context: one test.
class random_history {
public:
  explicit random_history(std::uint32_t seed) : random_(seed), world_(make_world()) {}

  void step()
  {
    world_.state.reusable_up_to.value = random_() % (world_.state.current->version.value + 1);
    switch (random_() % 8) {
    case 0:
    case 1:
      return prepare();
    case 2:
      return end_a_load();
    case 3:
      return close();
    case 4:
      return groups_.size() < 6 ? groups_.push_back(world_.join()) : leave();
    case 5:
      return leave();
    case 6:
      (void)assign_slot(world_.state, any_module().plan().id, 0);
      return;
    default:
      (void)bind_lazy(world_.state, any_module().plan().id, 0);
      return;
    }
  }

  const topology& state() const { return world_.state; }

private:
  void prepare()
  {
    const std::uint64_t before = hash_of(world_.state);
    const std::string name = "lib" + std::to_string(random_() % 6);
    const bool is_global = random_() % 4 == 0;
    const prepare_outcome outcome = world_.prepare(name, {.is_global = is_global}, any_group());
    if (const auto* planned = std::get_if<planned_load>(&outcome); planned != nullptr && random_() % 2 == 0) {
      abandon_load(world_.state, planned->id);
      EXPECT_EQ(hash_of(world_.state), before) << "T5: an abandoned load of " << name << " left something";
    } else if (planned == nullptr && !std::holds_alternative<already_loaded>(outcome)) {
      EXPECT_EQ(hash_of(world_.state), before) << "T5: a refused load of " << name << " left something";
    }
  }

  void end_a_load()
  {
    if (world_.state.loads.empty()) {
      return;
    }
    const auto& [id, load] = *world_.state.loads.begin();
    const load_id ended = id;
    const module_id root = load.modules.front()->scope.front();
    const group_id requester = load.request.requester;
    commit_load(world_.state, ended, {});
    world_.run_constructors(root, ended, requester);
  }

  void close()
  {
    const auto& modules = *world_.state.current->modules;
    const auto open = std::ranges::find_if(modules, [](const auto& each) { return each->opens->handles() > 0; });
    if (open == modules.end()) {
      return;
    }
    const library_handle handle{(*open)->plan().id.value};
    const auto closed = close_library(world_.state, any_group(), handle);
    if (closed && !closed->empty()) {
      closes_.push_back(world_.state.closing.at(closed->front()).close);
    }
    if (random_() % 2 == 0) {
      unload_all(); // else other turns come between, or the closer leaves
    }
  }

  void unload_all()
  {
    for (const load_id close : std::exchange(closes_, {})) {
      std::vector<module_id> modules;
      for (const auto& [id, closing] : world_.state.closing) {
        if (closing.close == close) {
          modules.push_back(id);
        }
      }
      if (!modules.empty()) {
        unload(world_.state, modules);
      }
    }
  }

  void leave()
  {
    if (!groups_.empty()) {
      leave_group(world_.state, groups_.front());
      groups_.erase(groups_.begin());
    }
  }

  const loaded_module& any_module()
  {
    const auto& modules = *world_.state.current->modules;
    return *modules[random_() % modules.size()];
  }

  group_id any_group()
  {
    const std::size_t place = random_() % (groups_.size() + 1);
    return place == groups_.size() ? group_id{1} : groups_[place];
  }

  std::mt19937 random_;
  linking_world world_;
  std::vector<group_id> groups_;
  std::vector<load_id> closes_; ///< begun, and not known to be over
};

TEST(Topology, KeepsItsInvariantsInRandomHistories)
{
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_history history(seed);
    for (int i = 0; i < 200; ++i) {
      history.step();
      check_invariants(history.state());
      if (::testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

TEST(Topology, ReachesTheSameStateByTheSameHistory)
{
  random_history first(7);
  random_history second(7);
  for (int i = 0; i < 200; ++i) {
    first.step();
    second.step();
    ASSERT_EQ(hash_of(first.state()), hash_of(second.state())) << "step " << i;
    ASSERT_EQ(hash_of(*first.state().current), hash_of(*second.state().current)) << "step " << i;
  }
}

} // namespace
} // namespace interlink

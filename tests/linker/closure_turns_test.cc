// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/closures.hh"
#include "linker/stale_closures.hh"
#include "linker/topology.hh"
#include "messages/limits.hh"
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

#include <set>

namespace interlink {
namespace {

using namespace test;

const function_type one_type{{wasm::i32}, {wasm::i32}};
const function_type other_type{{wasm::f64}, {}};

class Closures : public testing::Test {
protected:
  table_index allocate() { return change_closures(state(), allocate_closure{})->slot; }

  closure_outcome prepare(table_index slot, const function_type& type, std::uint32_t datum = 0)
  {
    auto prepared = change_closures(state(), prepare_closure{slot, {7, datum}, type, nullptr});
    EXPECT_TRUE(prepared) << prepared.error().message();
    return std::move(*prepared);
  }

  closure_outcome release(table_index slot) { return *change_closures(state(), free_closure{slot}); }

  closure_binding binding(table_index slot) { return state().current->closures->of_slot[slot.value]; }

  topology& state() { return world_.state; }

private:
  linking_world world_ = linking_world::running(pie_main().build());
};

TEST_F(Closures, PublishTheSlotThatIsSetAsideThenItsTrampolineThenNull)
{
  const auto allocated = change_closures(state(), allocate_closure{});
  ASSERT_TRUE(allocated);
  const table_index slot = allocated->slot;
  ASSERT_EQ(allocated->operations.size(), 1U);
  const auto& set_aside = std::get<set_closures>(allocated->operations[0]);
  EXPECT_EQ(set_aside.closures.at(0).slot, slot);
  EXPECT_EQ(set_aside.closures.at(0).binding, closure_binding::unprepared());
  EXPECT_GT(set_aside.table_size, slot.value);
  const closure_outcome prepared = prepare(slot, one_type, 9);
  ASSERT_EQ(prepared.operations.size(), 1U);
  EXPECT_TRUE(binding(slot).is_prepared());
  ASSERT_TRUE(prepared.write);
  EXPECT_EQ(prepared.write->number, binding(slot).number());
  EXPECT_EQ(prepared.write->record.word(), (std::uint64_t{9} << 32) + 7);
  const closure_outcome freed = release(slot);
  ASSERT_EQ(freed.operations.size(), 1U);
  EXPECT_FALSE(std::get<set_closures>(freed.operations[0]).closures.at(0).binding.is_closure());
  EXPECT_FALSE(binding(slot).is_closure());
}

TEST_F(Closures, KeepTheirTrampolineWhenTheyArePreparedForTheSameTypeAgain)
{
  const table_index slot = allocate();
  prepare(slot, one_type, 1);
  const closure_binding before = binding(slot);
  const topology_version version = state().current->version;
  const closure_outcome again = prepare(slot, one_type, 2);
  EXPECT_TRUE(again.operations.empty());
  EXPECT_EQ(again.write->record.datum, 2U);
  EXPECT_EQ(binding(slot), before);
  EXPECT_EQ(state().current->version, version);
}

TEST_F(Closures, GetATrampolineOfTheirNewType)
{
  const table_index slot = allocate();
  prepare(slot, one_type);
  const closure_binding before = binding(slot);
  const closure_outcome other = prepare(slot, other_type);
  EXPECT_EQ(other.operations.size(), 1U);
  EXPECT_NE(binding(slot), before);
  EXPECT_EQ(state().current->closures->batches.at(binding(slot).number() / closures_per_batch)->type, other_type);
  // The former one goes out again, after all others that are free.
  std::set<std::uint32_t> given;
  for (std::uint32_t i = 0; i < closures_per_batch; ++i) {
    const table_index next = allocate();
    prepare(next, one_type);
    EXPECT_TRUE(given.insert(binding(next).number()).second);
    EXPECT_EQ(binding(next).number() == before.number(), i == closures_per_batch - 1);
  }
  EXPECT_EQ(state().current->closures->batches.size(), 2U);
}

TEST_F(Closures, NeverShareATrampoline)
{
  std::set<std::uint32_t> given;
  for (int i = 0; i < 100; ++i) {
    const table_index slot = allocate();
    prepare(slot, i % 2 == 0 ? one_type : other_type);
    EXPECT_TRUE(given.insert(binding(slot).number()).second);
  }
  EXPECT_EQ(state().current->closures->batches.size(), 4U);
}

TEST_F(Closures, TakeNoMoreAfterManyCycles)
{
  state().resting_slots = 16;
  std::uint64_t size = 0;
  for (int i = 0; i < 1000; ++i) {
    const table_index slot = allocate();
    prepare(slot, i % 3 == 0 ? one_type : other_type);
    release(slot);
    if (i == 100) {
      size = state().table.size();
    }
  }
  EXPECT_EQ(state().table.size(), size);
  EXPECT_EQ(state().current->closures->batches.size(), 2U);
}

TEST_F(Closures, RestWhenTheyAreFreed)
{
  state().resting_slots = 2;
  const table_index first = allocate();
  release(first);
  const table_index second = allocate();
  EXPECT_NE(second, first);
  const table_index third = allocate();
  release(second);
  release(third);
  EXPECT_EQ(allocate(), first); // the oldest, when more rest than should
}

TEST_F(Closures, OfOtherSlotsAreRefusedOrLeftAlone)
{
  const table_index freed = allocate();
  release(freed);
  const topology_version version = state().current->version;
  for (const table_index slot : {null_slot, freed, table_index{1}, table_index{~0U}}) {
    EXPECT_TRUE(release(slot).operations.empty());
    const auto prepared = change_closures(state(), prepare_closure{slot, {}, one_type, nullptr});
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().code(), errc::invalid_argument);
  }
  EXPECT_EQ(state().current->version, version);
}

TEST_F(Closures, HaveABoundedNumberOfTypes)
{
  const table_index slot = allocate();
  function_type type;
  for (std::size_t i = 0; i < limit::closure_types; ++i) {
    type.parameters.clear();
    for (std::size_t rest = i; rest > 0; rest /= 4) {
      type.parameters.push_back(std::array{wasm::i32, wasm::i64, wasm::f32, wasm::f64}[rest % 4]);
    }
    type.parameters.push_back(wasm::v128);
    prepare(slot, type);
  }
  const closure_binding before = binding(slot);
  const auto refused = change_closures(state(), prepare_closure{slot, {}, {{}, {wasm::v128}}, nullptr});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::limit_exceeded);
  EXPECT_EQ(binding(slot), before);
}

TEST_F(Closures, AreNamedWhenTheyAreFreedOrNotPrepared)
{
  EXPECT_EQ(describe_stale_closures(*state().current), "");
  const table_index freed = allocate();
  const table_index unprepared = allocate();
  release(freed);
  EXPECT_EQ(describe_stale_closures(*state().current),
            "a pointer to a closure that is freed is stale; freed lately: slot " + std::to_string(freed.value) +
                "; a closure must be prepared before it is called; not prepared: slot " +
                std::to_string(unprepared.value));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a group comes to have what others published: the check in front of its indirect calls, both phases, nesting,
// skipped incarnations. Invariants G1 to G4 of groups/instance_group.hh.
#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace interlink {
namespace {

using support::event_called;
using support::event_constructor;
using support::event_open_start;
using support::fake_process;
using support::function_name;
using support::guest_event;
using support::start_shape;

/// A program with two groups; `opener` opens, `other` only calls.
class CatchUp : public testing::Test {
protected:
  explicit CatchUp(process_options options = {}) : process({}, std::move(options)) {}

  void start()
  {
    opener = process.start();
    other = process.add_group();
  }

  library_handle open(const std::string& name)
  {
    const auto opened = process.open(opener, name);
    EXPECT_TRUE(opened) << opened.error().message();
    return opened.value_or(default_scope_handle);
  }

  std::uint32_t find(library_handle in, const std::string& name)
  {
    const auto found = process.find(opener, in, name);
    EXPECT_TRUE(found) << found.error().message();
    return found.value_or(0);
  }

  fake_process process;
  group_id opener;
  group_id other;
};

/// The slots of closed libraries go out again at once.
class CatchUpWithoutRest : public CatchUp {
protected:
  CatchUpWithoutRest() : CatchUp(process_options{.resting_slots = 0}) {}
};

TEST_F(CatchUp, BringsAFunctionToTheGroupThatCallsIt)
{
  process.add({.number = 1});
  start();
  const std::uint32_t slot = find(open("lib1.so"), "f1_1");
  EXPECT_EQ(process.call_slot(other, slot), 1001U);
}

TEST_F(CatchUp, BringsWhatALibrarysOwnElementSegmentHas)
{
  process.add({.number = 1, .functions_in_table = 2});
  start();
  const std::uint32_t slot = find(open("lib1.so"), "f1_1");
  EXPECT_EQ(process.call_slot(other, slot), 1001U);
}

TEST(CatchUpWithoutCheck, LeavesTheGroupCallingANullSlot)
{
  process_options options;
  options.instrument_checks = false;
  fake_process process({}, std::move(options));
  process.add({.number = 1});
  const group_id opener = process.start();
  const group_id other = process.add_group();
  const auto slot = process.find(opener, process.open(opener, "lib1.so").value(), "f1_1");
  EXPECT_EQ(process.call_slot(other, slot.value()).error().code(), errc::guest_trapped);
}

TEST_F(CatchUp, GivesEachGroupItsOwnThreadLocalStorage)
{
  process.add({.number = 1, .has_tls = true});
  start();
  const std::uint32_t slot = find(open("lib1.so"), "tls1");
  EXPECT_EQ(process.call_slot(other, slot), support::tls_word_of(1));
  const auto block_of = [](instance_group& group) {
    return group.store().block_of(module_id{2}).value;
  };
  EXPECT_NE(process.in(opener, block_of), process.in(other, block_of));
}

TEST_F(CatchUp, RunsAnOpenStartFunctionOnceInEachGroup)
{
  process.add({.number = 1, .start = start_shape::open});
  start();
  const std::uint32_t slot = find(open("lib1.so"), "f1_0");
  process.call_slot(other, slot);
  process.call_slot(other, slot);
  const std::vector<guest_event> expected{{opener, event_open_start, 1}, {other, event_open_start, 1}};
  EXPECT_EQ(process.events(), expected);
}

TEST_F(CatchUp, RunsOpenStartFunctionsInTheOrderOfTheLog)
{
  process.add({.number = 1, .start = start_shape::open});
  process.add({.number = 2, .start = start_shape::open});
  start();
  open("lib2.so");
  const std::uint32_t slot = find(open("lib1.so"), "f1_0");
  process.call_slot(other, slot);
  const auto events = process.events();
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[2], (guest_event{other, event_open_start, 2}));
  EXPECT_EQ(events[3], (guest_event{other, event_open_start, 1}));
}

TEST_F(CatchUp, HasFilledEverySlotWhenAnOpenStartFunctionRuns)
{
  process.add({.number = 1, .start = start_shape::open});
  process.add({.number = 2, .has_tls = true});
  start();
  open("lib1.so");
  // The follower's first check finds both operations; the start function of the first calls into the second.
  const std::uint32_t slot = find(open("lib2.so"), "tls2");
  process.on_index = [&](instance_group& group) {
    return group.id() == other ? slot : 0;
  };
  process.call_slot(other, slot);
  EXPECT_EQ(process.events().back(), (guest_event{other, event_called, support::tls_word_of(2)})); // G1
}

TEST_F(CatchUp, NestsWhenAnOpenStartFunctionFindsANewerHead)
{
  process.add({.number = 1, .start = start_shape::open});
  process.add({.number = 2, .start = start_shape::open});
  start();
  const std::uint32_t of_first = find(open("lib1.so"), "f1_0");
  std::uint32_t of_second = 0;
  process.on_index = [&](instance_group& group) {
    if (group.id() == other && of_second == 0) {
      of_second = find(open("lib2.so"), "f2_0"); // in the other thread, while this start function runs
      return of_second;
    }
    return 0U;
  };
  process.call_slot(other, of_first);
  const auto events = process.events();
  std::vector<std::uint32_t> of_other;
  for (const guest_event& event : events) {
    if (event.group == other) {
      of_other.push_back(event.what * 10'000 + event.number);
    }
  }
  EXPECT_EQ(of_other, (std::vector<std::uint32_t>{event_open_start * 10'000 + 1, event_open_start * 10'000 + 2,
                                                  event_called * 10'000 + 2000}));
}

TEST_F(CatchUp, RunsOpenStartFunctionsOnAStackOfTheirOwn)
{
  process.add({.number = 1, .start = start_shape::open});
  start();
  std::uint32_t inside = 0;
  process.on_event = [&](instance_group& group, std::uint32_t, std::uint32_t) {
    inside = group.id() == other ? *group.store().stack_pointer() : inside;
    return result<void>{};
  };
  const std::uint32_t slot = find(open("lib1.so"), "f1_0");
  const auto pointer = [](instance_group& group) {
    return *group.store().stack_pointer();
  };
  const std::uint32_t before = process.in(other, pointer);
  process.call_slot(other, slot);
  EXPECT_NE(inside, before);
  EXPECT_EQ(process.in(other, pointer), before);
}

TEST_F(CatchUp, SkipsAnIncarnationThatIsGoneAlready)
{
  process.add({.number = 1, .start = start_shape::open});
  process.add({.number = 2});
  start();
  const library_handle handle = open("lib1.so");
  const auto unload = [&](instance_group& group) {
    const coordinator_reply closed = group.ask(close_request{handle});
    group.ask(unload_request{std::get<close_reply>(closed).closing});
  };
  process.in(opener, unload);
  const std::uint32_t slot = find(open("lib2.so"), "f2_0");
  process.call_slot(other, slot);
  for (const guest_event& event : process.events()) {
    EXPECT_NE(event.group, other); // its start function never runs there
  }
}

// As a destructor would: to wait for the close would be to wait for itself. Both libraries are read anew.
TEST_F(CatchUp, GivesACloserANewIncarnationOfWhatItCloses)
{
  process.add({.number = 1, .needed = {"lib2.so"}, .calls = {{2, 1}}});
  process.add({.number = 2});
  start();
  const library_handle old = open("lib1.so");
  std::vector<module_id> closing;
  process.in(opener, [&](instance_group& group) {
    const coordinator_reply closed = group.ask(close_request{old});
    closing = std::get<close_reply>(closed).closing;
  });
  EXPECT_EQ(closing.size(), 2U);
  const library_handle fresh = open("lib1.so");
  EXPECT_GT(fresh.value, old.value);
  const std::uint32_t slot = find(fresh, "f1_0");
  process.in(opener, [&](instance_group& group) { group.ask(unload_request{closing}); });
  EXPECT_EQ(process.call_slot(other, slot), 1000U);
  EXPECT_EQ(open("lib1.so").value, fresh.value);
}

TEST_F(CatchUp, NullsTheSlotsOfAnUnloadedModule)
{
  process.add({.number = 1});
  start();
  const library_handle handle = open("lib1.so");
  const std::uint32_t slot = find(handle, "f1_0");
  process.call_slot(other, slot);
  process.in(opener, [&](instance_group& group) {
    const coordinator_reply closed = group.ask(close_request{handle});
    group.ask(unload_request{std::get<close_reply>(closed).closing});
  });
  EXPECT_EQ(process.call_slot(other, slot).error().code(), errc::guest_trapped);
}

TEST_F(CatchUpWithoutRest, RefillsASlotWithItsNextFunctionInEveryGroup)
{
  process.add({.number = 1});
  process.add({.number = 2});
  start();
  const library_handle handle = open("lib1.so");
  const std::uint32_t slot = find(handle, "f1_0");
  process.call_slot(other, slot);
  process.in(opener, [&](instance_group& group) {
    const coordinator_reply closed = group.ask(close_request{handle});
    group.ask(unload_request{std::get<close_reply>(closed).closing});
  });
  ASSERT_EQ(find(open("lib2.so"), "f2_0"), slot);
  EXPECT_EQ(process.call_slot(other, slot), 2000U);
}

TEST_F(CatchUp, MakesAllTablesEqual)
{
  process.add({.number = 1, .functions_in_table = 1, .needed = {"lib2.so"}, .calls = {{2, 0}}, .addresses = {{2, 1}}});
  process.add({.number = 2, .functions_in_table = 1});
  start();
  open("lib2.so");
  find(open("lib1.so"), "f1_1");
  const auto filled = [](instance_group& group) {
    EXPECT_TRUE(group.catch_up());
    std::set<std::uint32_t> slots;
    for (std::uint32_t slot = 0; slot < group.applied().table_size; ++slot) {
      if (!is_null(group.store().slot(table_index{slot}))) {
        slots.insert(slot);
      }
    }
    return slots;
  };
  EXPECT_EQ(process.in(opener, filled), process.in(other, filled));
}

TEST_F(CatchUp, BuildsANewGroupLikeTheOthers)
{
  process.add({.number = 1, .functions_in_table = 1, .start = start_shape::open, .has_tls = true});
  start();
  const library_handle handle = open("lib1.so");
  const std::uint32_t slot = find(handle, "tls1");
  const group_id late = process.add_group();
  EXPECT_EQ(process.call_slot(late, slot), support::tls_word_of(1));
  EXPECT_EQ(process.events().back(), (guest_event{late, event_open_start, 1}));
}

TEST_F(CatchUp, BindsALazyCallOnceForAllGroups)
{
  process.add({.number = 1, .calls = {{2, 0}}});
  process.add({.number = 2});
  start();
  const auto one = process.open(opener, "lib1.so");
  ASSERT_TRUE(one);
  ASSERT_TRUE(process.open(opener, "lib2.so", open_flag::lazy | open_flag::global));
  const std::uint32_t slot = find(*one, "call1_0");
  EXPECT_EQ(process.call_slot(opener, slot), 2000U);
  const topology_version bound = process.coordination().head();
  EXPECT_EQ(process.call_slot(other, slot), 2000U);
  EXPECT_EQ(process.coordination().head(), bound);
}

TEST_F(CatchUp, EndsTheProcessWhenAGroupWithGuestFramesCannotApply)
{
  process.add({.number = 1});
  start();
  const auto unwound = process.in(other, [&](instance_group& group) {
    // The load is published while a call is under way in this group.
    const engine::function inside =
        group.store().store().make_function({}, [&](engine::store&, std::span<engine::value_slot>) {
          open("lib1.so");
          process.engine().refuses = [](support::fake_call which) {
            return which == support::fake_call::instantiate;
          };
          return group.catch_up();
        });
    return group.call(inside, {});
  });
  process.engine().refuses = nullptr;
  ASSERT_FALSE(unwound);
  EXPECT_EQ(unwound.error().code(), errc::stopping);
  EXPECT_TRUE(process.core().has_ended());
}

TEST_F(CatchUp, LosesAGroupWithoutGuestFramesThatCannotApply)
{
  process.add({.number = 1});
  start();
  open("lib1.so");
  process.engine().refuses = [](support::fake_call which) {
    return which == support::fake_call::instantiate;
  };
  const auto caught_up = process.in(other, [](instance_group& group) { return group.catch_up(); });
  process.engine().refuses = nullptr;
  ASSERT_FALSE(caught_up);
  EXPECT_EQ(caught_up.error().code(), errc::group_lost);
  EXPECT_FALSE(process.core().has_ended());
}

TEST_F(CatchUp, UnwindsTheGuestOfAStoppedProcessAtItsNextCheck)
{
  start();
  const std::uint32_t slot = find(main_handle, "f0_0");
  process.core().end({7, std::nullopt});
  // The queue of calls is closed by now; the coordinator's state is all that a check looks at.
  EXPECT_TRUE(process.coordination().current()->is_stopping);
  EXPECT_NE(slot, 0U);
}

TEST_F(CatchUp, ReportsAStackThatHasOverflown)
{
  start();
  process.in(opener, [](instance_group& group) { group.store().set_stack_pointer(group.store().stack_low() - 16); });
  const auto caught_up = process.in(opener, [](instance_group& group) { return group.catch_up(); });
  ASSERT_FALSE(caught_up);
  EXPECT_EQ(caught_up.error().code(), errc::guest_trapped);
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What finds a fault and makes it small: the search through all schedules, the record of a run, the shrinker.
#include "tests/simulation/run_record.hh"
#include "tests/simulation/schedule_search.hh"
#include "tests/simulation/script_shrinker.hh"
#include "tests/simulation/simulated_world.hh"
#include "tests/support/temporary_directory.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace interlink::simulation {
namespace {

constexpr std::uint64_t step_bound = 10'000;

/// Two threads, each of which adds one to a number in two steps.
world_report lose_an_update(schedule_director& director)
{
  seeded_scheduler scheduler(1, &director);
  int number = 0;
  const auto add = [&] {
    scheduler.guest_step();
    const int read = number;
    scheduler.guest_step();
    number = read + 1;
  };
  world_report report;
  report.outcome = scheduler.run(
      [&] {
        scheduler.start("guest", add);
        scheduler.start("guest", add);
      },
      step_bound);
  if (number != 2) {
    report.failures.push_back("an update is lost");
  }
  return report;
}

/// The second thread has to come between two steps of the first, and the third between two of the second.
world_report need_two_switches(schedule_director& director)
{
  seeded_scheduler scheduler(1, &director);
  int stage = 0;
  bool has_failed = false;
  const auto open_a_window = [&] {
    stage = 1;
    scheduler.guest_step();
    stage = stage == 1 ? 0 : stage;
  };
  const auto open_another_in_it = [&] {
    if (stage == 1) {
      stage = 2;
      scheduler.guest_step();
      has_failed = stage == 3;
    }
  };
  const auto look = [&] {
    stage = stage == 2 ? 3 : stage;
  };
  scheduler.run(
      [&] {
        scheduler.start("guest", open_a_window);
        scheduler.start("guest", open_another_in_it);
        scheduler.start("guest", look);
      },
      step_bound);
  world_report report;
  if (has_failed) {
    report.failures.push_back("two switches at the wrong places");
  }
  return report;
}

TEST(ScheduleSearch, FindsALostUpdateWithOneDeviation)
{
  EXPECT_FALSE(search_schedules(1, lose_an_update, {.deviations = 0}).failure);
  const search_result found = search_schedules(1, lose_an_update, {.deviations = 1});
  ASSERT_TRUE(found.failure);
  EXPECT_EQ(found.failed.size(), 1U);
  EXPECT_FALSE(run_schedule(1, lose_an_update, found.failed).failures.empty());
}

TEST(ScheduleSearch, FindsWithTwoDeviationsWhatOneDoesNotShow)
{
  const search_result one = search_schedules(1, need_two_switches, {.deviations = 1});
  EXPECT_FALSE(one.failure);
  EXPECT_TRUE(one.is_complete);
  EXPECT_TRUE(search_schedules(1, need_two_switches, {.deviations = 2}).failure);
}

TEST(ScheduleSearch, SaysWhenItHasLeftSchedulesOut)
{
  const search_result some = search_schedules(1, need_two_switches, {.deviations = 1, .schedules = 3});
  EXPECT_EQ(some.schedules, 3U);
  EXPECT_FALSE(some.is_complete);
}

TEST(ScheduleSearch, ReadsTheSchedulesThatItShows)
{
  const schedule two{{12, 3}, {40, 2}};
  EXPECT_EQ(text_of(two), "12:3,40:2");
  EXPECT_EQ(read_schedule("12:3,40:2"), two);
  EXPECT_EQ(read_schedule(""), schedule{});
  for (const char* wrong : {"12", "12:", "12:3,", ":3", "12:3;40:2", "40:2,12:3", "x:1", "-1:2"}) {
    EXPECT_EQ(read_schedule(wrong), std::nullopt) << wrong;
  }
}

TEST(ScheduleSearch, RepeatsARunOfTheSameSchedule)
{
  const support::temporary_directory directory;
  const schedule one{{20, 3}};
  const world_report first = run_schedule(5, run_of(5, directory.path()), one);
  const world_report again = run_schedule(5, run_of(5, directory.path()), one);
  EXPECT_EQ(first.steps, again.steps);
  EXPECT_EQ(first.switches, again.switches);
  EXPECT_EQ(first.happened, again.happened);
}

/// A run of a seed, and what was written down of it.
struct recorded_run {
  shared_recorder recorder;
  world_report report;
  run_record record;

  recorded_run()
  {
    const support::temporary_directory directory;
    report = simulated_world(11, directory.path(), {.recorder = &recorder}).run();
    record = recorder.record();
  }

  world_report replay(replaying_director director) const
  {
    const support::temporary_directory directory;
    return simulated_world(11, directory.path(), {.director = &director}).run();
  }
};

TEST(RunRecord, ReplaysARun)
{
  const recorded_run first;
  const world_report again = first.replay({first.record, first.record.steps, first.record.choices});
  EXPECT_EQ(first.report.steps, again.steps);
  EXPECT_EQ(first.report.switches, again.switches);
  EXPECT_EQ(first.report.operations, again.operations);
  EXPECT_EQ(first.report.happened, again.happened);
}

TEST(RunRecord, RunsWithoutTheStepsThatAreLeftOut)
{
  const recorded_run first;
  const world_report rest = first.replay({first.record, {}, {}});
  EXPECT_EQ(rest.failures, std::vector<std::string>{});
  EXPECT_LT(rest.steps, first.report.steps);
  EXPECT_EQ(rest.happened[static_cast<std::size_t>(happening::opens)], 0U);
}

TEST(Shrinker, LeavesWhatAFailureNeeds)
{
  std::vector<int> whole(100);
  std::ranges::generate(whole, [next = 0]() mutable { return next++; });
  const auto needs_three = [](const std::vector<int>& rest) {
    return std::ranges::count_if(rest, [](int each) { return each == 3 || each == 50 || each == 97; }) == 3;
  };
  EXPECT_EQ(smallest_failing(whole, needs_three), (std::vector<int>{3, 50, 97}));
}

TEST(Shrinker, LeavesNothingWhenNothingIsNeeded)
{
  EXPECT_EQ(smallest_failing(std::vector<int>{1, 2, 3}, [](const auto&) { return true; }), std::vector<int>{});
}

TEST(Shrinker, SaysOfASeedThatItDoesNotFail)
{
  const support::temporary_directory directory;
  EXPECT_EQ(shrink_seed(32, directory.path() + "/run").failure, "");
}

} // namespace
} // namespace interlink::simulation

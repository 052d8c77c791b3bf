// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/summary.hh"

#include "tests/trace/made_trace.hh"

#include <gtest/gtest.h>

#include "trace/slices.hh"

namespace interlink::trace {
namespace {

using test::made_trace;

TEST(Summary, TellsHowLongThingsTook)
{
  const trace_summary summary = summarise(made_trace());
  EXPECT_EQ(summary.latencies.at("open").sorted, (std::vector<std::uint64_t>{5'000}));
  EXPECT_EQ(summary.latencies.at("compile").sorted, (std::vector<std::uint64_t>{4'000}));
  EXPECT_EQ(summary.latencies.at("request commit_load").sorted, (std::vector<std::uint64_t>{400}));
  EXPECT_EQ(summary.latencies.at("turn").sorted, (std::vector<std::uint64_t>{150}));
}

TEST(Summary, TellsHowFarGroupsWereBehind)
{
  const trace_summary summary = summarise(made_trace());
  ASSERT_EQ(summary.lag.size(), 1U);
  EXPECT_EQ(summary.lag.at(group_id{2}).sorted, (std::vector<std::uint64_t>{3'000}));
}

TEST(Summary, CountsOperationsGroupsAndDrops)
{
  recorded_trace trace = made_trace();
  trace.drops = {{group_id{1}, 5, 3}, {group_id{2}, 6, 4}};
  const trace_summary summary = summarise(trace);
  EXPECT_EQ(summary.operations.at("load_modules"), 1U);
  EXPECT_EQ(summary.spawned, 2U);
  EXPECT_EQ(summary.dropped, 7U);
  EXPECT_TRUE(summary.unsettled.empty());
}

TEST(Summary, NamesOperationsThatSomeGroupHasNotApplied)
{
  recorded_trace trace = made_trace();
  std::erase_if(trace.events, [](const recorded_event& event) { return event.kind == event_kind::settle; });
  EXPECT_EQ(summarise(trace).unsettled, (std::vector<std::uint32_t>{1}));
  EXPECT_TRUE(to_text(summarise(trace)).contains("not applied by every group"));
}

TEST(Summary, ShowsTheSlowestOpensAsTrees)
{
  const std::vector<std::string> lines = summarise(made_trace()).slowest;
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "    5.0 us  open libx.so, thread 1");
  EXPECT_EQ(lines[1], "    4.2 us    read");
  EXPECT_EQ(lines[2], "    4.0 us      compile /libx.so (cached)");
  EXPECT_EQ(lines[3], "    400 ns    request commit_load");
  EXPECT_EQ(lines[4], "    150 ns      turn: commit_load of thread 1");
}

TEST(Summary, OfNothingIsPrinted)
{
  EXPECT_TRUE(to_text(summarise({})).contains("0 events of 0 actors"));
}

TEST(Latency, TakesTheNearestRank)
{
  const latency all{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
  EXPECT_EQ(all.quantile(0.5), 5U);
  EXPECT_EQ(all.quantile(0.99), 10U);
  EXPECT_EQ(all.quantile(0), 1U);
  EXPECT_EQ(latency{{7}}.quantile(0.5), 7U);
}

TEST(Slices, WithoutAnEndAreStillThere)
{
  recorded_trace trace = made_trace();
  std::erase_if(trace.events, [](const recorded_event& event) {
    return event.kind == event_kind::open && event.phase == event_phase::end;
  });
  const std::vector<slice> slices = slices_of(trace);
  ASSERT_FALSE(slices.empty());
  EXPECT_EQ(slices.front().kind, event_kind::open);
  EXPECT_FALSE(slices.front().end);
}

} // namespace
} // namespace interlink::trace

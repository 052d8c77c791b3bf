// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A run that keeps the rules, and each way to break one: of everything that `check` asserts there is a trace in which
// just that is wrong.
#include "trace/check.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "trace/causal_order.hh"
#include "trace/jsonl.hh"

namespace interlink::trace {
namespace {

/// Thread 1 opens libx.so, which needs liby.so, while thread 2 runs; thread 2 waits for its constructors, and both
/// leave. Each number of a message and of a slice stands for one.
constexpr const char* run_that_keeps_the_rules =
    R"({"schema":"interlink-trace","version":1,"process":"main.wasm"}
{"actor":"coordinator","time":10,"kind":"receive","phase":"begin","request":"join","message":1}
{"actor":"coordinator","time":11,"kind":"spawn","thread":1}
{"actor":"coordinator","time":12,"kind":"send","request":"join","message":1}
{"actor":"coordinator","time":13,"kind":"receive","phase":"end","request":"join","message":1}
{"actor":"thread 1","time":20,"kind":"send","request":"join","message":2}
{"actor":"coordinator","time":21,"kind":"receive","phase":"begin","request":"join","message":2,"cause":2,"thread":1}
{"actor":"coordinator","time":22,"kind":"spawn","thread":2}
{"actor":"coordinator","time":23,"kind":"send","request":"join","message":2,"thread":1}
{"actor":"coordinator","time":24,"kind":"receive","phase":"end","request":"join","message":2,"cause":2,"thread":1}
{"actor":"thread 1","time":25,"kind":"receive","request":"join","message":2}
{"actor":"thread 1","time":26,"kind":"spawn","thread":2}
{"actor":"thread 1","time":30,"kind":"open","phase":"begin","message":3,"name":"libx.so"}
{"actor":"thread 1","time":31,"kind":"send","request":"commit_load","message":4,"cause":3}
{"actor":"coordinator","time":32,"kind":"receive","phase":"begin","request":"commit_load","message":4,"cause":4,"thread":1}
{"actor":"coordinator","time":33,"kind":"commit","note":"load_modules","operation":1,"groups":2,"cause":4,"name":"/libx.so"}
{"actor":"coordinator","time":34,"kind":"construct","module":7,"needs":8,"cause":4}
{"actor":"coordinator","time":34,"kind":"construct","module":8,"cause":4}
{"actor":"coordinator","time":35,"kind":"send","request":"commit_load","operation":1,"message":4,"thread":1}
{"actor":"coordinator","time":36,"kind":"receive","phase":"end","request":"commit_load","message":4,"cause":4,"thread":1}
{"actor":"coordinator","time":37,"kind":"publish","operation":1,"cause":4}
{"actor":"thread 1","time":38,"kind":"receive","request":"commit_load","message":4}
{"actor":"thread 1","time":39,"kind":"catch_up","phase":"begin","operation":1,"message":5}
{"actor":"thread 1","time":40,"kind":"apply","operation":1,"cause":5}
{"actor":"thread 1","time":41,"kind":"catch_up","phase":"end","operation":1,"message":5}
{"actor":"thread 1","time":42,"kind":"initialise","phase":"begin","note":"constructor","module":8,"message":6,"name":"/liby.so"}
{"actor":"thread 1","time":43,"kind":"call","phase":"begin","operation":1,"message":7}
{"actor":"thread 2","time":44,"kind":"send","request":"next_constructor","message":20}
{"actor":"coordinator","time":45,"kind":"receive","phase":"begin","request":"next_constructor","message":20,"thread":2}
{"actor":"coordinator","time":46,"kind":"hold","request":"next_constructor","message":20,"thread":1,"name":"/liby.so"}
{"actor":"coordinator","time":47,"kind":"receive","phase":"end","request":"next_constructor","message":20,"thread":2}
{"actor":"thread 2","time":48,"kind":"wait","phase":"begin","request":"next_constructor","message":21,"cause":20}
{"actor":"thread 1","time":50,"kind":"call","phase":"end","operation":1,"message":7}
{"actor":"thread 1","time":51,"kind":"initialise","phase":"end","note":"constructor","module":8,"message":6}
{"actor":"thread 1","time":52,"kind":"send","request":"next_constructor","message":8}
{"actor":"coordinator","time":53,"kind":"receive","phase":"begin","request":"next_constructor","message":8,"thread":1}
{"actor":"coordinator","time":54,"kind":"send","request":"next_constructor","operation":1,"message":20,"thread":2}
{"actor":"coordinator","time":55,"kind":"send","request":"next_constructor","operation":1,"message":8,"thread":1}
{"actor":"coordinator","time":56,"kind":"receive","phase":"end","request":"next_constructor","message":8,"thread":1}
{"actor":"thread 1","time":57,"kind":"receive","request":"next_constructor","message":8}
{"actor":"thread 2","time":58,"kind":"wait","phase":"end","request":"next_constructor","message":21,"cause":20}
{"actor":"thread 2","time":59,"kind":"receive","request":"next_constructor","message":20}
{"actor":"thread 1","time":60,"kind":"initialise","phase":"begin","note":"constructor","module":7,"message":9,"name":"/libx.so"}
{"actor":"thread 2","time":61,"kind":"catch_up","phase":"begin","operation":1,"message":22}
{"actor":"thread 2","time":62,"kind":"apply","operation":1,"cause":22}
{"actor":"thread 2","time":63,"kind":"settle","operation":1,"cause":22}
{"actor":"thread 2","time":64,"kind":"catch_up","phase":"end","operation":1,"message":22}
{"actor":"thread 2","time":65,"kind":"call","phase":"begin","operation":1,"message":23}
{"actor":"thread 2","time":66,"kind":"call","phase":"end","operation":1,"message":23}
{"actor":"thread 1","time":67,"kind":"initialise","phase":"end","note":"constructor","module":7,"message":9}
{"actor":"thread 1","time":68,"kind":"open","phase":"end","handle":2,"message":3,"name":"libx.so"}
{"actor":"thread 2","time":70,"kind":"send","request":"leave","message":24}
{"actor":"coordinator","time":71,"kind":"receive","phase":"begin","request":"leave","message":24,"thread":2}
{"actor":"coordinator","time":72,"kind":"exit","thread":2}
{"actor":"coordinator","time":73,"kind":"send","request":"leave","operation":1,"message":24,"thread":2}
{"actor":"coordinator","time":74,"kind":"receive","phase":"end","request":"leave","message":24,"thread":2}
{"actor":"thread 2","time":75,"kind":"receive","request":"leave","message":24}
{"actor":"thread 2","time":76,"kind":"exit"}
{"actor":"coordinator","time":80,"kind":"end"}
)";

recorded_trace run()
{
  auto read = read_jsonl(run_that_keeps_the_rules);
  EXPECT_TRUE(read) << read.error().message();
  return read ? std::move(*read) : recorded_trace{};
}

/// The event at a time.
recorded_event& at(recorded_trace& trace, std::uint64_t time)
{
  return *std::ranges::find(trace.events, time, &recorded_event::time);
}

void remove(recorded_trace& trace, std::uint64_t time)
{
  std::erase_if(trace.events, [time](const recorded_event& event) { return event.time == time; });
}

/// Once more, at another time.
void repeat(recorded_trace& trace, std::uint64_t time, std::uint64_t later)
{
  recorded_event event = at(trace, time);
  event.time = later;
  trace.events.push_back(event);
  sort_by_time(trace);
}

void move(recorded_trace& trace, std::uint64_t time, std::uint64_t elsewhere)
{
  at(trace, time).time = elsewhere;
  sort_by_time(trace);
}

struct corruption {
  std::string name;
  std::function<void(recorded_trace&)> corrupt;
  run_rule rule;
  std::string problem; ///< part of it
};

void PrintTo(const corruption& each, std::ostream* out)
{
  *out << each.name;
}

class Corrupted : public testing::TestWithParam<corruption> {};

TEST_P(Corrupted, IsFound)
{
  recorded_trace trace = run();
  GetParam().corrupt(trace);
  const run_check checked = check(trace);
  ASSERT_TRUE(checked.broken) << to_text(checked);
  EXPECT_EQ(to_string(checked.broken->rule), to_string(GetParam().rule)) << to_text(checked);
  EXPECT_TRUE(checked.broken->problem.contains(GetParam().problem)) << to_text(checked);
  EXPECT_TRUE(to_text(checked).contains(checked.broken->problem));
}

INSTANTIATE_TEST_SUITE_P(
    Trace, Corrupted,
    testing::Values(corruption{"PublishedTwice", [](auto& trace) { repeat(trace, 37, 49); }, run_rule::one_publication,
                               "operation 1 is published after operation 1"},
                    corruption{"NotPublished", [](auto& trace) { remove(trace, 37); }, run_rule::one_publication,
                               "thread 1 is told of version 1, which is not published"},
                    corruption{"PublishedBeforeItsCommit", [](auto& trace) { move(trace, 37, 31); },
                               run_rule::one_publication, "the log is at 0"},
                    corruption{"CommittedTwice", [](auto& trace) { repeat(trace, 33, 49); }, run_rule::one_publication,
                               "operation 1 is committed after operation 1"},
                    corruption{"CommittedWithAGap", [](auto& trace) { at(trace, 33).subject = 2; },
                               run_rule::one_publication, "operation 2 is committed after operation 0"},
                    corruption{"AnAnswerGoesBack", [](auto& trace) { at(trace, 54).subject = 0; },
                               run_rule::versions_rise, "an answer tells of version 0"},
                    corruption{"ACatchUpGoesBack",
                               [](auto& trace) {
                                 for (const std::uint64_t time : {65U, 66U}) {
                                   recorded_event& event = at(trace, time);
                                   event.kind = event_kind::catch_up;
                                   event.subject = 0;
                                 }
                               },
                               run_rule::versions_rise, "a catch up to operation 0, and operation 1 is applied"},
                    corruption{"JoinsAtAnOldVersion", [](auto& trace) { at(trace, 22).subject = 5; },
                               run_rule::versions_rise, "thread 2 joins at version 5, the log is at 0"},
                    corruption{"LeavesOneOut",
                               [](auto& trace) {
                                 remove(trace, 62);
                                 remove(trace, 63);
                               },
                               run_rule::same_order, "a catch up to operation 1 ends at operation 0"},
                    corruption{"AppliesInAnotherOrder", [](auto& trace) { at(trace, 62).subject = 2; },
                               run_rule::same_order, "thread 2 applies operation 2 after operation 0"},
                    corruption{"AppliesTwice", [](auto& trace) { repeat(trace, 62, 63); }, run_rule::same_order,
                               "thread 2 applies operation 1 after operation 1"},
                    corruption{"CountsOneGroupTooFew", [](auto& trace) { at(trace, 33).peer = group_id{1}; },
                               run_rule::completions, "operation 1 counts 1 groups, and there are 2"},
                    corruption{"SettlesTooEarly",
                               [](auto& trace) {
                                 remove(trace, 62);
                                 recorded_event settled = at(trace, 63);
                                 remove(trace, 63);
                                 settled.actor = group_id{1};
                                 settled.time = 40;
                                 trace.events.push_back(settled);
                                 sort_by_time(trace);
                               },
                               run_rule::completions, "operation 1 settles, and thread 2 has not completed it"},
                    corruption{"SettlesTwice", [](auto& trace) { repeat(trace, 63, 63); }, run_rule::completions,
                               "operation 1 settles twice"},
                    corruption{"NeverSettles", [](auto& trace) { remove(trace, 63); }, run_rule::completions,
                               "operation 1 was completed by all 2 groups, and has not settled"},
                    corruption{"CallsBelowTheVersion",
                               [](auto& trace) {
                                 for (const std::uint64_t time : {61U, 62U, 63U, 64U}) {
                                   remove(trace, time);
                                 }
                                 at(trace, 65).subject = 0;
                               },
                               run_rule::call_version, "its thread has applied 0, and was told of 1"},
                    corruption{"ConstructsTwice", [](auto& trace) { at(trace, 60).subject = 8; },
                               run_rule::constructors, "the constructors of module 8 (/libx.so) run again"},
                    corruption{"ConstructsUsersFirst",
                               [](auto& trace) {
                                 at(trace, 42).subject = at(trace, 51).subject = 7;
                                 at(trace, 60).subject = at(trace, 67).subject = 8;
                               },
                               run_rule::constructors, "before those of module 8, which it needs"},
                    corruption{"IsNotAnswered",
                               [](auto& trace) {
                                 remove(trace, 35);
                                 remove(trace, 38);
                               },
                               run_rule::answers, "the turn of message 4 ends without an answer"},
                    corruption{"IsAnsweredTwice", [](auto& trace) { repeat(trace, 35, 35); }, run_rule::answers,
                               "message 4 is answered twice"},
                    corruption{"IsAnsweredUnasked", [](auto& trace) { at(trace, 35).message = 99; }, run_rule::answers,
                               "message 99 is answered, and was not received"},
                    corruption{"IsReceivedTwice", [](auto& trace) { repeat(trace, 32, 36); }, run_rule::answers,
                               "message 4 is received twice"},
                    corruption{"HasAnAnswerThatNobodyGave", [](auto& trace) { remove(trace, 54); }, run_rule::answers,
                               "thread 2 has an answer to message 20 that nobody has given"},
                    corruption{"AsksTwiceAtOnce", [](auto& trace) { remove(trace, 38); }, run_rule::answers,
                               "message 4 is not answered"},
                    corruption{"IsSentTwice", [](auto& trace) { at(trace, 70).message = 20; }, run_rule::answers,
                               "message 20 is sent twice"},
                    corruption{"WasNeverSent", [](auto& trace) { remove(trace, 31); }, run_rule::answers,
                               "message 4 is received from thread 1, which has not sent it"},
                    corruption{"IsHeldAfterItsAnswer", [](auto& trace) { repeat(trace, 46, 55); }, run_rule::answers,
                               "message 20 is held, and is not under way"},
                    corruption{"WaitsForEver", [](auto& trace) { remove(trace, 58); }, run_rule::waits,
                               "thread 2 goes on, and its wait has not ended"},
                    corruption{"EndsAWaitThatWasNone", [](auto& trace) { remove(trace, 48); }, run_rule::waits,
                               "wait 21 ends, and is not what thread 2 was in"},
                    corruption{"IsNotNested", [](auto& trace) { move(trace, 50, 52); }, run_rule::order_of_actors,
                               "initialise 6 ends, and is not what thread 1 was in"},
                    corruption{"ActsBeforeItJoins", [](auto& trace) { at(trace, 26).actor = group_id{9}; },
                               run_rule::order_of_actors, "thread 9 does something and has not joined"},
                    corruption{"ActsAfterItsExit", [](auto& trace) { move(trace, 76, 60); }, run_rule::order_of_actors,
                               "thread 2 ends, and has not left"},
                    corruption{"JoinsTwice", [](auto& trace) { repeat(trace, 22, 23); }, run_rule::order_of_actors,
                               "thread 2 joins twice"},
                    corruption{"LeavesTwice", [](auto& trace) { repeat(trace, 72, 73); }, run_rule::order_of_actors,
                               "thread 2 leaves, and was not there"}),
    [](const auto& each) { return each.param.name; });

TEST(Check, HoldsOfARunThatKeepsTheRules)
{
  const run_check checked = check(run());
  EXPECT_FALSE(checked.broken) << to_text(checked);
  EXPECT_EQ(checked.checked.size(), run_rule_count); // each rule had something to say
  EXPECT_TRUE(to_text(checked).starts_with("all rules hold"));
}

TEST(Check, HoldsOfEveryBeginningOfIt)
{
  const recorded_trace whole = run();
  for (std::size_t size = 0; size <= whole.events.size(); ++size) {
    recorded_trace part = whole;
    part.is_whole = false;
    part.events.resize(size);
    EXPECT_FALSE(check(part).broken) << size << ": " << to_text(check(part));
  }
}

TEST(Check, OfATraceWithDropsProvesNothing)
{
  recorded_trace trace = run();
  trace.drops.push_back({group_id{2}, 60, 3});
  const run_check checked = check(trace);
  EXPECT_TRUE(checked.checked.empty());
  EXPECT_TRUE(to_text(checked).contains("nothing can be proved: 3 events of thread 2 are missing"));
}

TEST(Check, TrustsCausesMoreThanClocks)
{
  recorded_trace trace = run();
  move(trace, 59, 53); // the answer is read on a processor whose clock is a little early
  move(trace, 58, 52);
  EXPECT_FALSE(check(trace).broken) << to_text(check(trace));
}

TEST(Check, AllowsConstructorsThatCannotWait)
{
  // They need each other: some order must do.
  recorded_trace ring = run();
  for (recorded_event& event : ring.events) {
    if (event.kind == event_kind::construct && event.subject == 8) {
      event.peer = group_id{7};
    }
  }
  EXPECT_FALSE(check(ring).broken) << to_text(check(ring));
}

TEST(CausalOrder, IsThatOfTimeWhereNothingSpeaksAgainstIt)
{
  const recorded_trace trace = run();
  const auto order = causal_order(trace, causes_from_others(trace));
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(order.size(), trace.events.size());
}

} // namespace
} // namespace interlink::trace

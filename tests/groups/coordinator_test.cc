// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The coordinator alone: requests in, replies and publications out. Invariants C1 to C3 of groups/coordinator.hh.
#include "groups/coordinator.hh"

#include "tests/support/linking_world.hh"

#include <asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace interlink {
namespace {

using namespace std::chrono_literals;
using test::linking_world;
using test::pie_main;
using test::side;

constexpr group_id first{1};
constexpr group_id second{2};

/// A program with two libraries on disk, `a` and `b`; two groups.
class Coordinator : public testing::Test {
protected:
  Coordinator()
  {
    world_.add("a", side().function("fa").function("ga").data_size(64).tls(16).build());
    world_.add("b", side().function("fb").data_size(64).build());
    world_.join();
    coordinator_observer observer;
    observer.on_publish = [this](topology_version version, const operation_body&) {
      published_.push_back(version.value);
    };
    // From here on the world only makes requests: its topology is the coordinator's.
    actor_ = std::make_unique<coordinator>(world_.state, &head_, background_.get_executor(), std::move(observer));
    const group_log::cursor begin = actor_->log_tail();
    const auto program = say(first, prepare_load_request{world_.request("main", {.kind = load_kind::program})});
    say(first, commit_load_request{std::get<planned_load>(std::get<prepare_outcome>(program)).id, {}});
    program_ = begin->next();
  }

  ~Coordinator() override { background_.join(); }

  coordinator_reply say(group_id from, coordinator_request_body body,
                        std::optional<parker::clock::time_point> deadline = std::nullopt)
  {
    return actor_->ask(channels_[from.value], from, std::move(body), deadline);
  }

  prepare_outcome prepare(const std::string& name, group_id from = first)
  {
    return std::get<prepare_outcome>(say(from, prepare_load_request{world_.request(name, {}, from)}));
  }

  /// Prepares; fails the test when the outcome is another.
  planned_load plan(const std::string& name, group_id from = first)
  {
    prepare_outcome outcome = prepare(name, from);
    auto* planned = std::get_if<planned_load>(&outcome);
    EXPECT_NE(planned, nullptr);
    return planned == nullptr ? planned_load{} : *planned;
  }

  planned_load load(const std::string& name, group_id from = first)
  {
    const planned_load planned = plan(name, from);
    say(from, commit_load_request{planned.id, {}});
    while (true) {
      const coordinator_reply next = say(from, next_constructor_request{planned.id, planned.root, finished_});
      const auto* run = std::get_if<run_constructor>(&next);
      finished_ = run == nullptr ? std::nullopt : std::optional(run->module);
      if (run == nullptr) {
        return planned;
      }
    }
  }

  /// Sends and does not wait: on return the request is answered, or parked.
  void send(coordinator_message& message, group_id from, coordinator_request_body body)
  {
    message.body = std::move(body);
    message.from = from;
    message.at = std::make_shared<parker>();
    actor_->tell(message);
  }

  /// The first thread has a load of `a` in flight, the second waits for it.
  planned_load park_behind_a_load(coordinator_message& parked)
  {
    const planned_load planned = plan("a");
    send(parked, second, await_load_request{planned.id});
    EXPECT_FALSE(parked.is_answered);
    return planned;
  }

  /// The first thread is in the constructor of `a`, the second waits for it.
  planned_load park_behind_a_constructor(coordinator_message& parked)
  {
    const planned_load planned = plan("a");
    say(first, commit_load_request{planned.id, {}});
    say(first, next_constructor_request{planned.id, planned.root, std::nullopt});
    send(parked, second, next_constructor_request{no_load, planned.root, std::nullopt});
    EXPECT_FALSE(parked.is_answered);
    return planned;
  }

  const snapshot& current() { return *(kept_ = actor_->current()); }

  std::uint32_t export_of(const planned_load& planned, const std::string& name)
  {
    return planned.plan->modules.front().info->find_export_ordinal(name).value();
  }

  linking_world world_{pie_main().build()};
  std::uint64_t head_ = 0;
  asio::thread_pool background_{1};
  std::vector<std::uint64_t> published_;
  std::unique_ptr<coordinator> actor_;
  std::map<std::uint32_t, request_channel> channels_;
  std::optional<module_id> finished_;
  snapshot_ptr kept_;
  group_log::cursor program_; ///< the operation that brought main
};

TEST_F(Coordinator, HasPublishedWhatAReplyTellsOf)
{
  const planned_load planned = load("a");
  const coordinator_reply reply = say(first, assign_slot_request{planned.root, export_of(planned, "fa")});
  const auto* outcome = std::get_if<slot_outcome>(&reply);
  ASSERT_NE(outcome, nullptr);
  EXPECT_EQ(slot_of(current(), planned.root, export_of(planned, "fa")), outcome->slot); // C1
}

TEST_F(Coordinator, PublishesTheSnapshotsVersionAsHead)
{
  load("a");
  EXPECT_EQ(actor_->head(), current().version);
}

TEST_F(Coordinator, WritesTheHeadWhereGuestCodeReadsIt)
{
  load("a");
  EXPECT_EQ(head_, actor_->head().value);
}

TEST_F(Coordinator, PublishesEachVersionOnceAndInOrder)
{
  const planned_load planned = load("a");
  say(first, assign_slot_request{planned.root, export_of(planned, "fa")});
  say(first, assign_slot_request{planned.root, export_of(planned, "fa")}); // has its slot: no operation
  say(first, assign_slot_request{planned.root, export_of(planned, "ga")});
  EXPECT_EQ(published_, (std::vector<std::uint64_t>{1, 2, 3, 4})); // T1
}

TEST_F(Coordinator, ShowsNothingOfALoadThatIsOnlyPrepared)
{
  const std::uint64_t before = hash_of(current());
  plan("a");
  EXPECT_EQ(hash_of(current()), before);
}

TEST_F(Coordinator, CommitsWithAnOperationThatEveryGroupCounts)
{
  load("a");
  EXPECT_EQ(program_->next()->pending(), 2U);
}

TEST_F(Coordinator, LeavesTheStateAsItWasAfterAnAbandonedLoad)
{
  const std::uint64_t before = hash_of(actor_->state());
  const planned_load planned = plan("a");
  say(first, abandon_load_request{planned.id});
  EXPECT_EQ(hash_of(actor_->state()), before); // T5
}

TEST_F(Coordinator, TellsTheSecondOpenerToWaitForTheFirst)
{
  const planned_load planned = plan("a");
  const prepare_outcome outcome = prepare("a", second);
  const auto* wait = std::get_if<wait_for_load>(&outcome);
  ASSERT_NE(wait, nullptr);
  EXPECT_EQ(wait->id, planned.id);
}

TEST_F(Coordinator, AnswersThoseThatAwaitALoadWhenItIsCommitted)
{
  coordinator_message parked;
  const planned_load planned = park_behind_a_load(parked);
  say(first, commit_load_request{planned.id, {}});
  ASSERT_TRUE(parked.is_answered);
  EXPECT_TRUE(std::holds_alternative<ask_again_reply>(parked.reply));
}

TEST_F(Coordinator, AnswersThoseThatAwaitALoadWhenItIsAbandoned)
{
  coordinator_message parked;
  const planned_load planned = park_behind_a_load(parked);
  say(first, abandon_load_request{planned.id});
  ASSERT_TRUE(parked.is_answered);
  EXPECT_TRUE(std::holds_alternative<ask_again_reply>(parked.reply));
}

TEST_F(Coordinator, AnswersThoseThatAwaitALoadWhenItsOwnerLeaves)
{
  coordinator_message parked;
  const planned_load planned = park_behind_a_load(parked);
  say(first, leave_request{first});
  ASSERT_TRUE(parked.is_answered);
  EXPECT_TRUE(std::holds_alternative<ask_again_reply>(parked.reply));
}

TEST_F(Coordinator, AnswersAtOnceWhenTheLoadHasEndedAlready)
{
  const planned_load planned = plan("a");
  say(first, commit_load_request{planned.id, {}});
  EXPECT_TRUE(std::holds_alternative<ask_again_reply>(say(second, await_load_request{planned.id})));
}

TEST_F(Coordinator, GivesUpAWaitAtItsDeadline)
{
  const planned_load planned = plan("a");
  const coordinator_reply reply = say(second, await_load_request{planned.id}, parker::clock::now() + 1ms);
  const auto* failure = std::get_if<error>(&reply);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->code(), errc::deadline_passed);
}

TEST(CoordinatorWatch, TellsOfAWaitForATurnThatDoesNotCome)
{
  // The first request's turn lasts until the second has been told of, which waits for its own.
  linking_world world{pie_main().build()};
  asio::thread_pool background{1};
  std::uint64_t head = 0;
  std::promise<void> in_turn;
  std::promise<std::string> told;
  std::atomic<int> turns{0};
  coordinator_observer observer;
  observer.watchdog = 20ms;
  observer.on_turn = [&, reported = told.get_future().share()] {
    if (turns++ == 0) {
      in_turn.set_value();
      reported.wait();
    }
  };
  observer.on_long_wait = [&, is_told = false](group_id waiter, const linker_wait& wait,
                                               std::chrono::milliseconds waited) mutable {
    if (waited >= 20ms && !std::exchange(is_told, true)) {
      EXPECT_EQ(waiter, second);
      EXPECT_EQ(wait.holder.load(), nullptr); // whose turn it is, the coordinator's events tell
      told.set_value(wait.what.load());
    }
  };
  coordinator actor(world.state, &head, background.get_executor(), std::move(observer));
  std::thread one([&] {
    request_channel channel;
    actor.ask(channel, first, allocate_slots_request{1});
  });
  in_turn.get_future().wait();
  request_channel channel;
  const coordinator_reply reply = actor.ask(channel, second, allocate_slots_request{1});
  EXPECT_TRUE(std::holds_alternative<slot_outcome>(reply));
  one.join();
  EXPECT_EQ(turns, 2);
}

TEST_F(Coordinator, DoesNotAnswerAgainWhatWasGivenUp)
{
  const planned_load planned = plan("a");
  say(second, await_load_request{planned.id}, parker::clock::now() + 1ms);
  say(first, commit_load_request{planned.id, {}});
  // The node is free: its next request gets its own answer.
  EXPECT_TRUE(
      std::holds_alternative<prepare_outcome>(say(second, prepare_load_request{world_.request("b", {}, second)})));
}

TEST_F(Coordinator, RunsEachConstructorOnce)
{
  const planned_load planned = plan("a");
  say(first, commit_load_request{planned.id, {}});
  const coordinator_reply run = say(first, next_constructor_request{planned.id, planned.root, std::nullopt});
  EXPECT_EQ(std::get<run_constructor>(run).module, planned.root);
  const coordinator_reply after = say(first, next_constructor_request{planned.id, planned.root, planned.root});
  EXPECT_TRUE(std::holds_alternative<constructors_done>(after)); // T6
}

TEST_F(Coordinator, LetsAnOpenerWaitForAnothersConstructors)
{
  const planned_load planned = plan("a");
  say(first, commit_load_request{planned.id, {}});
  say(first, next_constructor_request{planned.id, planned.root, std::nullopt});
  auto waiting = std::async(std::launch::async, [&, &channel = channels_[2]] {
    coordinator_reply reply =
        actor_->ask(channel, second, next_constructor_request{no_load, planned.root, std::nullopt});
    return std::holds_alternative<ask_again_reply>(reply)
               ? actor_->ask(channel, second, next_constructor_request{no_load, planned.root, std::nullopt})
               : reply;
  });
  say(first, next_constructor_request{planned.id, planned.root, planned.root});
  EXPECT_TRUE(std::holds_alternative<constructors_done>(waiting.get()));
}

TEST_F(Coordinator, AnswersConstructorWaitersWhenTheConstructorHasRun)
{
  coordinator_message parked;
  const planned_load planned = park_behind_a_constructor(parked);
  say(first, next_constructor_request{planned.id, planned.root, planned.root});
  EXPECT_TRUE(parked.is_answered);
}

TEST_F(Coordinator, AnswersConstructorWaitersWhenTheThreadLeaves)
{
  coordinator_message parked;
  park_behind_a_constructor(parked);
  say(first, leave_request{first});
  EXPECT_TRUE(parked.is_answered);
}

TEST_F(Coordinator, AnswersConstructorWaitersWhenItStops)
{
  coordinator_message parked;
  park_behind_a_constructor(parked);
  say(first, stop_request{0});
  EXPECT_TRUE(parked.is_answered);
}

TEST_F(Coordinator, KeepsLoadWaitersParkedUntilTheLoadEnds)
{
  coordinator_message parked;
  const planned_load planned = park_behind_a_load(parked);
  say(first, commit_load_request{planned.id, {}});
  EXPECT_TRUE(parked.is_answered);
}

TEST_F(Coordinator, AnswersACancelAndWhatItCancels)
{
  coordinator_message parked;
  park_behind_a_load(parked);
  coordinator_message cancel;
  cancel.cancels = &parked;
  cancel.at = parked.at;
  actor_->tell(cancel);
  EXPECT_TRUE(parked.is_answered);
  EXPECT_TRUE(cancel.is_answered);
}

TEST_F(Coordinator, HandsConstructorsOverWhenTheirThreadLeaves)
{
  const planned_load planned = plan("a");
  say(first, commit_load_request{planned.id, {}});
  say(first, leave_request{first});
  const coordinator_reply run = say(second, next_constructor_request{no_load, planned.root, std::nullopt});
  EXPECT_TRUE(std::holds_alternative<run_constructor>(run));
}

TEST_F(Coordinator, GivesANewcomerItsLaneAtTheVersionOfItsSnapshot)
{
  load("a");
  const coordinator_reply reply = say(first, join_request{std::nullopt});
  const auto* joined = std::get_if<join_reply>(&reply);
  ASSERT_NE(joined, nullptr);
  EXPECT_EQ(joined->lane->version(), joined->group.from->version.value);
}

TEST_F(Coordinator, StandsANewcomersCursorAtItsSnapshot)
{
  load("a");
  const coordinator_reply reply = say(first, join_request{std::nullopt});
  const auto& joined = std::get<join_reply>(reply);
  EXPECT_EQ(joined.cursor->version(), joined.group.from->version);
}

TEST_F(Coordinator, CountsNoGroupThatHasLeft)
{
  say(second, leave_request{second});
  load("a");
  EXPECT_EQ(program_->next()->pending(), 1U);
}

TEST_F(Coordinator, LeavesAFreedRangeAloneWhileALaneIsBehind)
{
  const planned_load planned = load("a");
  coordinator_reply reply = say(first, join_request{std::nullopt});
  const auto& joined = std::get<join_reply>(reply); // its lane stays at the version before the unload
  const memory_address base = planned.plan->modules.front().memory_base;
  const coordinator_reply closed = say(first, close_request{library_handle{planned.root.value}});
  say(first, unload_request{std::get<close_reply>(closed).closing});
  EXPECT_NE(plan("b").plan->modules.front().memory_base, base); // C3
  EXPECT_NE(joined.lane->version(), group_lane::clear);
}

TEST_F(Coordinator, ReusesAFreedRangeOnceNoLaneIsBehind)
{
  const planned_load planned = load("a");
  coordinator_reply reply = say(first, join_request{std::nullopt});
  const auto& joined = std::get<join_reply>(reply);
  const coordinator_reply closed = say(first, close_request{library_handle{planned.root.value}});
  say(first, unload_request{std::get<close_reply>(closed).closing});
  joined.lane->release();
  const memory_address base = planned.plan->modules.front().memory_base;
  EXPECT_EQ(plan("b").plan->modules.front().memory_base, base);
}

/// A group that has read the head, and stores it in its lane only now.
struct stale_head {
  topology_version version;

  topology_version head() const { return version; }
};

TEST_F(Coordinator, KnowsForGoodThatARangeMayBeReused)
{
  const planned_load planned = load("a");
  const topology_version before = actor_->head();
  coordinator_reply reply = say(first, join_request{std::nullopt});
  const auto& joined = std::get<join_reply>(reply);
  joined.lane->release();
  const coordinator_reply closed = say(first, close_request{library_handle{planned.root.value}});
  say(first, unload_request{std::get<close_reply>(closed).closing});
  say(second, join_request{std::nullopt}); // no lane is behind: the range may be given out, though this wants none
  joined.lane->hold(stale_head{before});
  EXPECT_EQ(plan("b").plan->modules.front().memory_base, planned.plan->modules.front().memory_base);
}

TEST_F(Coordinator, AbandonsALoadWithoutATraceWhenALaneHasGoneBack)
{
  const planned_load planned = load("a");
  const topology_version before = actor_->head();
  coordinator_reply reply = say(first, join_request{std::nullopt});
  const auto& joined = std::get<join_reply>(reply);
  joined.lane->release();
  const coordinator_reply closed = say(first, close_request{library_handle{planned.root.value}});
  say(first, unload_request{std::get<close_reply>(closed).closing});
  topology unprepared = actor_->state();
  const planned_load in_reused_memory = plan("b");
  joined.lane->hold(stale_head{before});
  prepare("b", second); // looks at the lanes, and has to wait
  say(first, abandon_load_request{in_reused_memory.id});
  unprepared.reusable_up_to = actor_->state().reusable_up_to;
  EXPECT_EQ(hash_of(actor_->state()), hash_of(unprepared)); // T5
}

TEST_F(Coordinator, AnswersThoseThatAwaitACloseWhenItIsOver)
{
  const planned_load planned = load("a");
  const coordinator_reply closed = say(first, close_request{library_handle{planned.root.value}});
  const prepare_outcome outcome = prepare("a", second);
  ASSERT_TRUE(std::holds_alternative<wait_for_load>(outcome));
  coordinator_message parked;
  send(parked, second, await_load_request{std::get<wait_for_load>(outcome).id});
  EXPECT_FALSE(parked.is_answered);
  say(first, unload_request{std::get<close_reply>(closed).closing});
  EXPECT_TRUE(std::holds_alternative<ask_again_reply>(parked.reply));
  EXPECT_TRUE(actor_->state().waits_for.empty());
}

TEST_F(Coordinator, EndsTheClosesOfAGroupThatLeaves)
{
  const planned_load planned = load("a");
  say(first, close_request{library_handle{planned.root.value}});
  const prepare_outcome outcome = prepare("a", second);
  ASSERT_TRUE(std::holds_alternative<wait_for_load>(outcome));
  coordinator_message parked;
  send(parked, second, await_load_request{std::get<wait_for_load>(outcome).id});
  const group_log::cursor last = [&] {
    group_log::cursor at = program_;
    while (at->next()) {
      at = at->next();
    }
    return at;
  }();
  const coordinator_reply left = say(first, leave_request{first});
  ASSERT_TRUE(parked.is_answered);
  EXPECT_TRUE(std::holds_alternative<ask_again_reply>(parked.reply));
  // The unload counts only those who stay: the one who left completes its shares up to the operation before.
  EXPECT_EQ(std::get<done_reply>(left).version, last->version());
  ASSERT_TRUE(last->next() && std::holds_alternative<unload_modules>(last->next()->body()));
  EXPECT_EQ(last->next()->pending(), 1U);
  EXPECT_GT(plan("a", second).root, planned.root);
}

TEST_F(Coordinator, LetsNobodyWaitForItsOwnClose)
{
  const planned_load planned = load("a");
  say(first, close_request{library_handle{planned.root.value}});
  const load_id close = actor_->state().closing.at(planned.root).close;
  EXPECT_TRUE(std::holds_alternative<ask_again_reply>(say(first, await_load_request{close})));
  EXPECT_GT(plan("a").root, planned.root); // a new incarnation
}

TEST_F(Coordinator, TakesAWaitForACloseThatGivesUpOutOfTheChain)
{
  const planned_load planned = load("a");
  say(first, close_request{library_handle{planned.root.value}});
  const load_id close = actor_->state().closing.at(planned.root).close;
  const coordinator_reply reply = say(second, await_load_request{close}, parker::clock::now() + 1ms);
  ASSERT_TRUE(std::holds_alternative<error>(reply));
  EXPECT_EQ(std::get<error>(reply).code(), errc::deadline_passed);
  EXPECT_TRUE(actor_->state().waits_for.empty());
}

TEST_F(Coordinator, RefusesToPrepareOnceItIsStopping)
{
  say(first, stop_request{3});
  const coordinator_reply reply = say(second, prepare_load_request{world_.request("a", {}, second)});
  const auto* failure = std::get_if<error>(&reply);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->code(), errc::stopping);
}

TEST_F(Coordinator, RefusesNewcomersOnceItIsStopping)
{
  say(first, stop_request{3});
  EXPECT_TRUE(std::holds_alternative<error>(say(second, join_request{std::nullopt})));
}

TEST_F(Coordinator, AnswersThoseThatWaitWhenItStops)
{
  coordinator_message parked;
  park_behind_a_load(parked);
  say(first, stop_request{3});
  ASSERT_TRUE(parked.is_answered);
  EXPECT_TRUE(std::holds_alternative<error>(parked.reply));
}

TEST_F(Coordinator, PublishesOneStop)
{
  say(first, stop_request{3});
  const auto version = actor_->head();
  say(second, stop_request{4});
  EXPECT_EQ(actor_->head(), version);
}

TEST_F(Coordinator, LetsACommitThroughWhileItIsStopping)
{
  const planned_load planned = plan("a");
  say(second, stop_request{3});
  EXPECT_TRUE(std::holds_alternative<done_reply>(say(first, commit_load_request{planned.id, {}})));
}

TEST_F(Coordinator, AddsMemoryThatTheArenaLacked)
{
  say(first, add_memory_request{{0x1000'0000, 4096}});
  EXPECT_EQ(actor_->state().arena.free_ranges().back().range.address, 0x1000'0000U);
}

TEST_F(Coordinator, SetsSlotsAsideForTheGuest)
{
  const coordinator_reply reply = say(first, allocate_slots_request{3});
  ASSERT_TRUE(std::holds_alternative<slot_outcome>(reply));
  EXPECT_GE(current().table_size, std::get<slot_outcome>(reply).slot.value + 3U);
}

TEST_F(Coordinator, SaysWhyARequestFails)
{
  const coordinator_reply reply = say(first, close_request{library_handle{99}});
  ASSERT_TRUE(std::holds_alternative<error>(reply));
  EXPECT_EQ(std::get<error>(reply).code(), errc::invalid_handle);
}

TEST_F(Coordinator, GivesManyThreadsTheSameSlot)
{
  const planned_load planned = load("a");
  const std::uint32_t ordinal = export_of(planned, "fa");
  std::vector<std::future<table_index>> asked;
  for (std::uint32_t i = 0; i < 8; ++i) {
    asked.push_back(std::async(std::launch::async, [&, &channel = channels_[10 + i]] {
      const coordinator_reply reply = actor_->ask(channel, first, assign_slot_request{planned.root, ordinal});
      return std::get<slot_outcome>(reply).slot;
    }));
  }
  std::set<table_index> slots;
  for (auto& each : asked) {
    slots.insert(each.get());
  }
  EXPECT_EQ(slots.size(), 1U);
}

TEST_F(Coordinator, AnswersEveryRequestOfManyThreads)
{
  constexpr std::uint32_t threads = 4;
  constexpr std::uint32_t each = 200;
  std::atomic<std::uint32_t> answered{0};
  {
    std::vector<std::jthread> askers;
    for (std::uint32_t i = 0; i < threads; ++i) {
      askers.emplace_back([&, &channel = channels_[20 + i]] {
        for (std::uint32_t round = 0; round < each; ++round) {
          const coordinator_reply reply = actor_->ask(channel, first, allocate_slots_request{1});
          answered += std::holds_alternative<slot_outcome>(reply) ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(answered, threads * each); // C2
}

} // namespace
} // namespace interlink

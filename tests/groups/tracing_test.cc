// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a process records, and how an embedder gets it: while everything runs, from any thread, and with sinks that are
// slow, full or gone.
#include "process/tracing.hh"

#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "loader/library_closer.hh"
#include "trace/jsonl.hh"
#include "trace/slices.hh"
#include "trace/summary.hh"

namespace interlink {
namespace {

using support::fake_process;
using trace::recorded_event;
using trace::recorded_trace;
using trace::slice;

/// A sink that keeps the text. Context: written by the recording thread.
class kept_text {
public:
  trace_sink sink()
  {
    return [this](std::string_view text) -> result<void> {
      const std::lock_guard lock(mutex_);
      text_ += text;
      return {};
    };
  }

  recorded_trace trace() const
  {
    const std::lock_guard lock(mutex_);
    auto read = trace::read_jsonl(text_);
    EXPECT_TRUE(read) << read.error().message();
    return read ? std::move(*read) : recorded_trace{};
  }

private:
  mutable std::mutex mutex_;
  std::string text_;
};

process_options with_room_for(std::size_t events)
{
  process_options options;
  options.events_per_actor = events;
  return options;
}

/// The titles of a slice and all that follows from it, in order.
std::vector<std::string> titles_below(const std::vector<slice>& slices, std::size_t root)
{
  const trace::slice_tree tree = trace::tree_of(slices);
  std::vector<std::string> titles;
  const auto add = [&](auto self, std::size_t place) -> void {
    titles.push_back(title_of(slices[place]));
    for (const std::size_t child : tree.children[place]) {
      self(self, child);
    }
  };
  add(add, root);
  return titles;
}

std::size_t place_of_open(const std::vector<slice>& slices, const std::string& name)
{
  const auto found = std::ranges::find_if(
      slices, [&](const slice& each) { return each.kind == event_kind::open && each.name == name; });
  EXPECT_NE(found, slices.end());
  return static_cast<std::size_t>(found - slices.begin());
}

TEST(Tracing, HasOneTreeForEachOpen)
{
  fake_process process;
  process.add({.number = 1, .functions_in_table = 1});
  const group_id first = process.start();
  kept_text text;
  ASSERT_TRUE(process.core().trace->start(text.sink()));
  ASSERT_TRUE(process.open(first, "lib1.so"));
  const auto report = process.core().trace->stop();
  ASSERT_TRUE(report && !report->failure);
  EXPECT_EQ(report->dropped, 0U);
  const recorded_trace trace = text.trace();
  EXPECT_TRUE(trace.is_whole);
  EXPECT_EQ(trace.events.size(), report->events);
  const std::vector<slice> slices = slices_of(trace);
  const std::vector<std::string> titles = titles_below(slices, place_of_open(slices, "lib1.so"));
  const std::string turn_end = " of thread " + std::to_string(first.value);
  const std::vector<std::string> steps{"open lib1.so",
                                       "read",
                                       "compile",
                                       "request prepare_load",
                                       "turn: prepare_load" + turn_end,
                                       "rehearse",
                                       "request commit_load",
                                       "turn: commit_load" + turn_end,
                                       "construct",
                                       "request next_constructor"};
  std::size_t at = 0;
  for (const std::string& step : steps) {
    const auto found = std::find_if(titles.begin() + static_cast<std::ptrdiff_t>(at), titles.end(),
                                    [&](const std::string& title) { return title.starts_with(step); });
    ASSERT_NE(found, titles.end()) << step << " is missing, or comes too early";
    at = static_cast<std::size_t>(found - titles.begin());
  }
  EXPECT_TRUE(std::ranges::any_of(titles, [](const std::string& title) {
    return title.starts_with("initialise ") && title.ends_with("/lib1.so (constructor)");
  }));
}

TEST(Tracing, LeadsFromARequestToItsPublicationAndToEveryGroup)
{
  fake_process process;
  process.add({.number = 1, .functions_in_table = 1});
  const group_id first = process.start();
  const group_id other = process.add_group();
  kept_text text;
  ASSERT_TRUE(process.core().trace->start(text.sink()));
  ASSERT_TRUE(process.open(first, "lib1.so"));
  process.in(other, [](instance_group& group) { EXPECT_TRUE(group.catch_up_if_behind()); });
  ASSERT_TRUE(process.core().trace->stop());
  const recorded_trace trace = text.trace();
  const auto find = [&](event_kind kind, group_id actor, auto matches) {
    const auto found = std::ranges::find_if(trace.events, [&](const recorded_event& each) {
      return each.kind == kind && each.actor == actor && matches(each);
    });
    EXPECT_NE(found, trace.events.end()) << to_string(kind);
    return found == trace.events.end() ? recorded_event{} : *found;
  };
  const recorded_event commit =
      find(event_kind::commit, no_group, [](const auto& each) { return each.name.ends_with("/lib1.so"); });
  EXPECT_EQ(commit.note, event_note::load_modules);
  EXPECT_EQ(commit.peer.value, 2U); // groups
  const auto is_same_operation = [&](const recorded_event& each) {
    return each.subject == commit.subject;
  };
  const recorded_event publish = find(event_kind::publish, no_group, is_same_operation);
  EXPECT_EQ(publish.cause, commit.cause);
  const recorded_event request =
      find(event_kind::send, first, [&](const auto& each) { return each.message == commit.cause; });
  EXPECT_EQ(request.request, request_kind::commit_load);
  const recorded_event applied = find(event_kind::apply, other, is_same_operation);
  EXPECT_GE(applied.time, publish.time);
  find(event_kind::settle, other, is_same_operation);
}

TEST(Tracing, ASnapshotHasWhatThreadsDidThatHaveEnded)
{
  fake_process process;
  process.start();
  const group_id ended = process.add_group();
  process.in(ended, [](instance_group& group) { group.unwinding = error(errc::thread_exited, "leaves"); });
  while (process.core().threads.find(ended) != nullptr) {
    std::this_thread::yield();
  }
  kept_text text;
  ASSERT_TRUE(process.core().trace->snapshot(text.sink()));
  const recorded_trace trace = text.trace();
  EXPECT_FALSE(trace.is_whole);
  EXPECT_TRUE(std::ranges::any_of(
      trace.events, [&](const recorded_event& each) { return each.actor == ended && each.kind == event_kind::exit; }));
}

TEST(Tracing, OfASinkThatFailsEndsAndTheProgramGoesOn)
{
  fake_process process;
  process.add({.number = 1});
  const group_id first = process.start();
  std::atomic<int> calls{0};
  ASSERT_TRUE(process.core().trace->start([&](std::string_view) -> result<void> {
    return ++calls == 1 ? result<void>{} : fail(errc::file_unreadable, "no space left on device");
  }));
  ASSERT_TRUE(process.open(first, "lib1.so"));
  const auto report = process.core().trace->stop();
  ASSERT_TRUE(report && report->failure);
  EXPECT_TRUE(report->failure->message().contains("no space left"));
  EXPECT_EQ(calls, 2); // told once, then left alone
  kept_text again;
  EXPECT_TRUE(process.core().trace->start(again.sink())); // another recording may begin
  EXPECT_TRUE(process.core().trace->stop());
}

TEST(Tracing, CountsWhatASinkWasTooSlowFor)
{
  fake_process process({}, with_room_for(15));
  process.add({.number = 1, .functions_in_table = 1});
  const group_id first = process.start();
  kept_text text;
  std::atomic<bool> is_blocked{true};
  const trace_sink keep = text.sink();
  ASSERT_TRUE(process.core().trace->start([&](std::string_view piece) {
    while (is_blocked && !piece.starts_with("{\"schema\"")) {
      std::this_thread::yield();
    }
    return keep(piece);
  }));
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(process.open(first, "lib1.so"));
  }
  is_blocked = false;
  const auto report = process.core().trace->stop();
  ASSERT_TRUE(report && !report->failure);
  EXPECT_GT(report->dropped, 0U);
  const recorded_trace trace = text.trace();
  std::uint64_t dropped = 0;
  for (const trace::recorded_drop& drop : trace.drops) {
    dropped += drop.count;
  }
  EXPECT_EQ(dropped, report->dropped);
}

TEST(Tracing, GivesUpASinkThatDoesNotReturn)
{
  fake_process process;
  process.start();
  std::atomic<bool> is_blocked{true};
  std::atomic<bool> is_over{false};
  ASSERT_TRUE(process.core().trace->start([&](std::string_view piece) -> result<void> {
    while (is_blocked && !piece.starts_with("{\"schema\"")) {
      std::this_thread::yield();
    }
    is_over = !is_blocked;
    return {};
  }));
  const auto report = process.core().trace->stop(std::chrono::milliseconds(20));
  ASSERT_TRUE(report && report->failure);
  EXPECT_EQ(*report->failure, errc::deadline_passed);
  is_blocked = false;
  while (!is_over) {
    std::this_thread::yield();
  }
}

TEST(Tracing, RefusesASecondRecordingAndOneOfNothing)
{
  fake_process process;
  process.start();
  kept_text text;
  EXPECT_FALSE(process.core().trace->stop());
  ASSERT_TRUE(process.core().trace->start(text.sink()));
  const auto second = process.core().trace->start(text.sink());
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().message().contains("already"));
  EXPECT_TRUE(process.core().trace->stop());
  fake_process silent({}, with_room_for(0));
  silent.start();
  EXPECT_FALSE(silent.core().trace->start(text.sink()));
}

/// Everything that must hold of what one actor wrote, whoever read it meanwhile.
void expect_in_order(const recorded_trace& trace)
{
  std::map<group_id, std::uint64_t> last;
  std::map<group_id, std::vector<std::uint32_t>> open;
  std::map<group_id, std::uint32_t> applied;
  std::uint32_t published = 0;
  for (const recorded_event& event : trace.events) {
    EXPECT_GE(event.time, last[event.actor]);
    last[event.actor] = event.time;
    std::vector<std::uint32_t>& within = open[event.actor];
    if (event.phase == event_phase::begin) {
      within.push_back(event.message);
    } else if (event.phase == event_phase::end) {
      ASSERT_FALSE(within.empty()) << trace::to_text(event);
      EXPECT_EQ(within.back(), event.message) << trace::to_text(event); // slices nest: nothing is torn or out of order
      within.pop_back();
    }
    if (event.kind == event_kind::apply) {
      EXPECT_GT(event.subject, applied[event.actor]) << trace::to_text(event);
      applied[event.actor] = event.subject;
    } else if (event.kind == event_kind::publish) {
      EXPECT_EQ(event.subject, published + 1);
      published = event.subject;
    }
  }
}

TEST(Tracing, IsWholeWhile64ThreadsOpenCallCloseAndComeAndGo)
{
  constexpr std::uint32_t threads = 64;
  constexpr std::uint32_t libraries = 4;
  constexpr int rounds = 6;
  fake_process process({}, with_room_for(8191));
  for (std::uint32_t i = 1; i <= libraries; ++i) {
    process.add({.number = i, .functions_in_table = 1});
  }
  kept_text text;
  ASSERT_TRUE(process.core().trace->start(text.sink()));
  const group_id first = process.start();
  std::vector<std::future<void>> working;
  for (std::uint32_t i = 0; i < threads; ++i) {
    const group_id group = process.add_group();
    working.push_back(process.begin(group, [&process, i](instance_group& at) {
      for (int round = 0; round < rounds; ++round) {
        const std::string name =
            "lib" + std::to_string(1 + (i + static_cast<std::uint32_t>(round)) % libraries) + ".so";
        auto opened = open_library(process_of(at).loader, at, name, open_flag::lazy, {});
        EXPECT_TRUE(opened) << opened.error().message();
        if (opened) {
          EXPECT_TRUE(close_library(process_of(at).loader, at, *opened));
        }
      }
      at.unwinding = error(errc::thread_exited, "has done its work");
    }));
  }
  kept_text glimpse;
  EXPECT_TRUE(process.core().trace->snapshot(glimpse.sink())); // beside the recording
  for (auto& each : working) {
    each.get();
  }
  while (process.core().threads.alive_count() > 1) {
    std::this_thread::yield();
  }
  static_cast<void>(first);
  const auto report = process.core().trace->stop();
  ASSERT_TRUE(report && !report->failure);
  EXPECT_EQ(report->dropped, 0U);
  const recorded_trace trace = text.trace();
  EXPECT_EQ(trace.events.size(), report->events);
  expect_in_order(trace);
  const trace::trace_summary summary = summarise(trace);
  EXPECT_EQ(summary.latencies.at("open").count(), threads * rounds + 1); // and the program's
  EXPECT_EQ(summary.latencies.at("close").count(), threads * rounds);
  EXPECT_EQ(summary.spawned, threads + 1);
}

} // namespace
} // namespace interlink

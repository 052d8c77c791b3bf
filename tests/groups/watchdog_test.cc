// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The watchdog: each kind of wait in the linker is provoked, and its report says what is waited for, who holds it, and
// what everybody did last.
#include "groups/thread_spawner.hh"
#include "groups/wait_report.hh"
#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace interlink {
namespace {

using namespace std::chrono_literals;
using support::fake_call;
using support::fake_process;

/// The reports of a process, and a way to wait for one.
class report_book {
public:
  void add(const std::string& text)
  {
    const std::lock_guard lock(mutex_);
    texts_.push_back(text);
    changed_.notify_all();
  }

  /// The first report that contains `part`; empty when none comes within a minute.
  std::string await(std::string_view part)
  {
    std::unique_lock lock(mutex_);
    std::string found;
    changed_.wait_for(lock, 60s, [&] {
      const auto place = std::ranges::find_if(texts_, [&](const std::string& text) { return text.contains(part); });
      found = place == texts_.end() ? std::string() : *place;
      return !found.empty();
    });
    return found;
  }

  std::size_t count()
  {
    const std::lock_guard lock(mutex_);
    return texts_.size();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

class Watchdog : public testing::Test {
protected:
  process_options with_reports(std::chrono::milliseconds watchdog)
  {
    process_options options;
    options.watchdog = watchdog;
    options.report = [this](const std::string& text) {
      book.add(text);
    };
    return options;
  }

  static std::string thread(group_id id) { return "thread " + std::to_string(id.value); }

  static auto opener(std::string name)
  {
    return [name = std::move(name)](instance_group& at) {
      return open_library(at, name, open_flag::lazy, {}).has_value();
    };
  }

  struct reported_wait {
    group_id builder;
    group_id waiter;
    std::string report;
  };

  /// One group runs the constructor of a library until the other, which opens it too, has been reported.
  reported_wait wait_for_a_constructor()
  {
    fake_process process({}, with_reports(20ms));
    process.add({.number = 1, .has_constructor = true});
    const group_id builder = process.start();
    const group_id waiter = process.add_group();
    std::promise<void> begun;
    std::string report;
    process.on_event = [&](instance_group&, std::uint32_t, std::uint32_t) {
      begun.set_value();
      report = book.await("has waited");
      return result<void>{};
    };
    auto one = process.begin(builder, opener("lib1.so"));
    begun.get_future().wait();
    auto two = process.begin(waiter, opener("lib1.so"));
    EXPECT_TRUE(one.get());
    EXPECT_TRUE(two.get());
    return {builder, waiter, report};
  }

  report_book book;
};

TEST_F(Watchdog, NamesWhoRunsTheConstructorsAndTheHostCallItIsIn)
{
  const auto [builder, waiter, report] = wait_for_a_constructor();
  EXPECT_TRUE(report.starts_with(thread(waiter) + " has waited ")) << report;
  EXPECT_TRUE(report.contains("ms for another thread's constructors\n")) << report;
  EXPECT_TRUE(report.contains("lib1.so, held by " + thread(builder) + "\n")) << report;
  EXPECT_TRUE(report.contains("\n  constructor of ")) << report;
  EXPECT_TRUE(report.contains(thread(builder) + ": in host call test.event, entered ")) << report;
}

TEST_F(Watchdog, ShowsTheLastEventsOfEachActor)
{
  const auto [builder, waiter, report] = wait_for_a_constructor();
  const std::size_t coordinator = report.find("\n    coordinator (");
  const std::size_t first = report.find("\n    " + thread(builder) + " (");
  const std::size_t second = report.find("\n    " + thread(waiter) + " (");
  ASSERT_NE(coordinator, std::string::npos) << report;
  ASSERT_NE(first, std::string::npos) << report;
  ASSERT_NE(second, std::string::npos) << report;
  EXPECT_NE(report.find("receive next_constructor of " + thread(waiter) + ", message ", coordinator), std::string::npos)
      << report;
  EXPECT_NE(report.find("initialise module 2", first), std::string::npos) << report;
  EXPECT_NE(report.find("send next_constructor, message ", second), std::string::npos) << report;
  EXPECT_NE(report.find("watchdog", second), std::string::npos) << report;
}

TEST_F(Watchdog, NamesWhoHasTheLoadInFlight)
{
  fake_process process({}, with_reports(20ms));
  process.add({.number = 1});
  const group_id loader = process.start();
  const group_id waiter = process.add_group();
  std::promise<void> begun;
  std::string report;
  std::atomic<bool> is_first{true};
  process.engine().refuses = [&](fake_call which) {
    if (which == fake_call::instantiate && is_first.exchange(false)) {
      begun.set_value(); // in the rehearsal: the claims are held
      report = book.await("has waited");
    }
    return false;
  };
  auto one = process.begin(loader, opener("lib1.so"));
  begun.get_future().wait();
  auto two = process.begin(waiter, opener("lib1.so"));
  EXPECT_TRUE(one.get());
  EXPECT_TRUE(two.get());
  process.engine().refuses = nullptr;
  EXPECT_TRUE(report.contains("ms for another thread's load of the same library\n  load of ")) << report;
  EXPECT_TRUE(report.contains("lib1.so (load ")) << report;
  EXPECT_TRUE(report.contains("), held by " + thread(loader) + "\n")) << report;
}

TEST_F(Watchdog, FollowsTheHoldersThatWaitThemselves)
{
  fake_process process({}, with_reports(20ms));
  process.add({.number = 1, .has_constructor = true}); // its constructor opens the second
  process.add({.number = 2, .has_constructor = true});
  const group_id last = process.start();
  const group_id middle = process.add_group();
  const group_id waiter = process.add_group();
  std::promise<void> begun_last;
  std::promise<void> begun_middle;
  std::string report;
  process.on_event = [&](instance_group& at, std::uint32_t, std::uint32_t number) -> result<void> {
    if (number == 2) {
      begun_last.set_value();
      report = book.await(thread(waiter) + " has waited");
      return {};
    }
    begun_middle.set_value();
    const auto opened = open_library(at, "lib2.so", open_flag::lazy, {});
    return opened ? result<void>{} : fail(opened.error());
  };
  auto one = process.begin(last, opener("lib2.so"));
  begun_last.get_future().wait();
  auto two = process.begin(middle, opener("lib1.so"));
  begun_middle.get_future().wait();
  auto three = process.begin(waiter, opener("lib1.so"));
  EXPECT_TRUE(one.get());
  EXPECT_TRUE(two.get());
  EXPECT_TRUE(three.get());
  const std::size_t first = report.find("lib1.so, held by " + thread(middle) + "\n");
  ASSERT_NE(first, std::string::npos) << report;
  EXPECT_NE(report.find("lib2.so, held by " + thread(last) + "\n", first), std::string::npos) << report;
}

TEST_F(Watchdog, SaysWhoseTurnItIsWhenTheCoordinatorDoesNotAnswer)
{
  fake_process process({}, with_reports(20ms));
  process.add({.number = 1});
  const group_id one = process.start();
  ASSERT_TRUE(process.open(one, "lib1.so"));
  linker_wait wait; // no turn has parked it
  wait.what = "a function slot";
  const std::string report = describe_wait(process.core(), one, wait, 20ms);
  EXPECT_TRUE(report.contains("its turn in the coordinator has not come; the newest there is next_constructor of " +
                              thread(one)))
      << report;
}

TEST_F(Watchdog, ReportsNothingWhenItIsOff)
{
  fake_process process({}, with_reports(0ms));
  process.add({.number = 1, .has_constructor = true});
  const group_id builder = process.start();
  const group_id waiter = process.add_group();
  std::promise<void> begun;
  process.on_event = [&](instance_group& at, std::uint32_t, std::uint32_t) {
    begun.set_value();
    while (at.process().threads.find(waiter)->wait_in_linker().what == nullptr) {
      std::this_thread::yield();
    }
    std::this_thread::sleep_for(50ms);
    return result<void>{};
  };
  auto one = process.begin(builder, opener("lib1.so"));
  begun.get_future().wait();
  auto two = process.begin(waiter, opener("lib1.so"));
  EXPECT_TRUE(one.get());
  EXPECT_TRUE(two.get());
  EXPECT_EQ(book.count(), 0U);
}

TEST_F(Watchdog, CountsAWaitThroughAllThatMovesOn)
{
  // Every other open's constructors wake the waiter, which asks again: its wait goes on all the same.
  fake_process process({}, with_reports(200ms));
  process.add({.number = 1, .has_constructor = true});
  for (std::uint32_t number = 2; number <= 100; ++number) {
    process.add({.number = number, .has_constructor = true});
  }
  const group_id builder = process.start();
  const group_id waiter = process.add_group();
  const group_id busy = process.add_group();
  std::promise<void> begun;
  std::atomic<bool> is_reported{false};
  process.on_event = [&](instance_group&, std::uint32_t, std::uint32_t number) {
    if (number == 1) {
      begun.set_value();
      is_reported = !book.await("has waited").empty();
    }
    return result<void>{};
  };
  auto one = process.begin(builder, opener("lib1.so"));
  begun.get_future().wait();
  auto two = process.begin(waiter, opener("lib1.so"));
  for (std::uint32_t number = 2; number <= 100 && book.count() == 0; ++number) {
    EXPECT_TRUE(process.in(busy, opener("lib" + std::to_string(number) + ".so")));
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_GT(book.count(), 0U); // long before the hundredth
  EXPECT_TRUE(one.get());
  EXPECT_TRUE(two.get());
  EXPECT_TRUE(is_reported);
}

/// The guest's own waits may last for ever and rightly so: no report comes of them, but each report, and that of a
/// stop, says who is in one.
class GuestWait : public Watchdog {
protected:
  std::string line_of(fake_process& process, group_id group)
  {
    for (const thread_report& report : process.core().threads.report()) {
      if (report.group == group) {
        return to_string(report);
      }
    }
    return {};
  }

  /// Until the line says so, at most a minute.
  std::string await_line(fake_process& process, group_id group, std::string_view part)
  {
    std::string line;
    for (int round = 0; round < 6000 && !line.contains(part); ++round) {
      std::this_thread::sleep_for(10ms);
      line = line_of(process, group);
    }
    return line;
  }
};

TEST_F(GuestWait, OnAFutexIsNamed)
{
  fake_process process({}, with_reports(20ms));
  const group_id one = process.start();
  const std::uint32_t word = process.shelf();
  auto waited = process.begin(one, [word](instance_group& group) {
    return support::call_without_catch_up(group, main_module, "wait", {word, 0, 0xFFFF'FFFF}).has_value();
  });
  const std::string line = await_line(process, one, "waits in");
  EXPECT_TRUE(
      line.starts_with(thread(one) + ": waits in memory.atomic.wait; in host call memory.atomic.wait32, entered "))
      << line;
  EXPECT_EQ(book.count(), 0U);
  process.core().end({0, std::nullopt});
  EXPECT_FALSE(waited.get());
}

TEST_F(GuestWait, ForTheEmbeddersCallsIsNamed)
{
  fake_process process({}, with_reports(20ms));
  process.add({.number = 1, .has_constructor = true});
  const group_id one = process.start();
  ASSERT_TRUE(process.open(one, "lib1.so"));
  const std::string line = await_line(process, one, "waits in");
  EXPECT_TRUE(line.starts_with(thread(one) + ": waits in interlink_host.serve; last host call test.event, entered "))
      << line;
}

TEST_F(GuestWait, ThatIsNoneIsComputing)
{
  fake_process process({}, with_reports(20ms));
  const group_id one = process.start();
  EXPECT_EQ(process.in(one, [](instance_group& group) { return to_string(describe_thread(group)); }),
            thread(one) + ": computes");
}

/// Calls that wait, as a guest makes them.
struct waiting_call {
  std::string module;
  std::string name;
  std::vector<engine::value_slot> arguments;
};

void PrintTo(const waiting_call& call, std::ostream* out)
{
  *out << call.name;
}

class NamedGuestWait : public GuestWait, public testing::WithParamInterface<waiting_call> {};

TEST_P(NamedGuestWait, IsInTheReportAndEndsWithTheProcess)
{
  fake_process process({}, with_reports(20ms));
  const group_id first = process.start();
  const group_id one = process.add_group();
  ASSERT_EQ(first, group_id{1}); // which the arguments name
  auto outcome = process.begin(one, [&process](instance_group& group) {
    // A subscription to a clock, an hour from now.
    const std::uint32_t subscription = process.shelf();
    EXPECT_TRUE(group.memory().store<std::uint32_t>(subscription + 16, 1).is_success());
    EXPECT_TRUE(group.memory().store<std::uint64_t>(subscription + 24, 3'600'000'000'000).is_success());
    const waiting_call& call = GetParam();
    const auto* entry = group.process().environment.registry->find(call.module, call.name);
    const auto& function = std::get<host_function>(*entry);
    std::vector<engine::value_slot> values = call.arguments;
    if (call.name == "poll_oneoff") {
      values[0] = engine::value_slot::of_i32(subscription);
      values[1] = engine::value_slot::of_i32(subscription + 64);
      values[3] = engine::value_slot::of_i32(subscription + 128);
    } else if (call.name == "futex_wait") {
      values[0] = engine::value_slot::of_i32(subscription);
      values[3] = engine::value_slot::of_i32(subscription + 128);
    }
    const auto waited = group.serve(function.name.c_str(), function.call, values);
    return waited ? errc{} : waited.error().code();
  });
  const std::string line = await_line(process, one, "waits in " + GetParam().name);
  EXPECT_TRUE(line.contains(" waits in " + GetParam().name + "; in host call " + GetParam().module + "." +
                            GetParam().name + ", entered "))
      << line;
  EXPECT_EQ(book.count(), 0U);
  process.core().end({0, std::nullopt});
  EXPECT_EQ(outcome.get(), errc::stopping);
}

const auto zero = engine::value_slot::of_i32(0);
const auto hour = engine::value_slot::of_i64(3'600'000'000'000);

INSTANTIATE_TEST_SUITE_P(OfEachKind, NamedGuestWait,
                         testing::Values(waiting_call{"wasix_32v1", "futex_wait", {zero, zero, zero, zero}},
                                         waiting_call{"wasix_32v1", "thread_join", {engine::value_slot::of_i32(1)}},
                                         waiting_call{"wasix_32v1", "thread_sleep", {hour}},
                                         waiting_call{"wasi_snapshot_preview1",
                                                      "poll_oneoff",
                                                      {zero, zero, engine::value_slot::of_i32(1), zero}}));

} // namespace
} // namespace interlink

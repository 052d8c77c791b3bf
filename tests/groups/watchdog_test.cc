// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The watchdog: each kind of wait in the linker is provoked, and its report says what is waited for, who holds it, and
// what everybody did last.
#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include "process/thread_spawner.hh"
#include "process/wait_report.hh"

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
      return open_library(process_of(at).loader, at, name, open_flag::lazy, {}).has_value();
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
  EXPECT_TRUE(report.contains("ms for another thread's load or close of the same library\n  load of ")) << report;
  EXPECT_TRUE(report.contains("lib1.so (load ")) << report;
  EXPECT_TRUE(report.contains("), held by " + thread(loader) + "\n")) << report;
}

TEST_F(Watchdog, NamesWhoseCloseIsUnderWay)
{
  fake_process process({}, with_reports(20ms));
  process.add({.number = 1});
  const group_id closer = process.start();
  const group_id waiter = process.add_group();
  const auto opened = process.open(closer, "lib1.so");
  ASSERT_TRUE(opened);
  const auto close = process.in(
      closer, [&](instance_group& at) { return std::get<close_reply>(at.ask(close_request{*opened})).closing; });
  ASSERT_EQ(close.size(), 1U); // its destructors would run now
  auto waited = process.begin(waiter, opener("lib1.so"));
  const std::string report = book.await("has waited");
  process.in(closer, [&](instance_group& at) { at.ask(unload_request{close}); });
  EXPECT_TRUE(waited.get());
  EXPECT_TRUE(report.contains("ms for another thread's load or close of the same library\n  close of ")) << report;
  EXPECT_TRUE(report.contains("lib1.so (close ")) << report;
  EXPECT_TRUE(report.contains("), held by " + thread(closer) + "\n")) << report;
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
    const auto opened = open_library(process_of(at).loader, at, "lib2.so", open_flag::lazy, {});
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
  const std::string report = describe_wait(process.coordination(), process.core().threads, one, wait, 20ms);
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
    while (process_of(at).threads.find(waiter)->wait_in_linker().what == nullptr) {
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

// The instruction has no answer for it: it is as if notified, and whoever waits looks at the word again.
TEST_F(GuestWait, OfTheInstructionEndsWithAnInterruption)
{
  fake_process process({}, with_reports(20ms));
  const group_id waiter = process.start();
  const std::uint32_t word = process.shelf();
  auto waited = process.begin(waiter, [word](instance_group& group) {
    return support::call_without_catch_up(group, main_module, "wait", {word, 0, 0xFFFF'FFFF});
  });
  await_line(process, waiter, "waits in");
  process.core().threads.find(waiter)->interrupt();
  EXPECT_EQ(waited.get(), 0U);
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

/// A pipe that stays silent, and one that stays full, as standard input and output.
class stuck_pipes {
public:
  stuck_pipes()
  {
    EXPECT_EQ(::pipe2(silent_.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(full_.data(), O_CLOEXEC | O_NONBLOCK), 0);
    const std::vector<char> bytes(4096);
    while (::write(full_[1], bytes.data(), bytes.size()) > 0) {
    }
  }

  ~stuck_pipes()
  {
    for (const int fd : {silent_[0], silent_[1], full_[0], full_[1]}) {
      ::close(fd);
    }
  }

  stuck_pipes(const stuck_pipes&) = delete;
  stuck_pipes& operator=(const stuck_pipes&) = delete;

  void connect(process_options& options) const
  {
    options.wasi.stdin_fd = silent_[0];
    options.wasi.stdout_fd = full_[1];
  }

private:
  std::array<int, 2> silent_{};
  std::array<int, 2> full_{};
};

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

class NamedGuestWait : public GuestWait, public testing::WithParamInterface<waiting_call> {
protected:
  struct ending {
    errc unwound{}; ///< none: the guest goes on
    std::uint32_t guest_errno{};

    bool operator==(const ending&) const = default;
  };

  NamedGuestWait() : process({}, options())
  {
    EXPECT_EQ(process.start(), group_id{1}); // which the arguments name
    waiter = process.add_group();
  }

  process_options options()
  {
    process_options made = with_reports(20ms);
    pipes.connect(made);
    return made;
  }

  /// Makes the call in a thread, and returns when a report names it.
  std::future<ending> begin_wait()
  {
    auto outcome = process.begin(waiter, [this](instance_group& group) { return call(group); });
    const std::string line = await_line(process, waiter, "waits in " + GetParam().name);
    EXPECT_TRUE(line.contains(" waits in " + GetParam().name + "; in host call " + GetParam().module + "." +
                              GetParam().name + ", entered "))
        << line;
    return outcome;
  }

  stuck_pipes pipes;
  fake_process process;
  group_id waiter{};

private:
  /// The arguments that are 0 and point to something point to the shelf: a subscription to a clock, an hour from now,
  /// or one buffer; results go behind it.
  ending call(instance_group& group)
  {
    const waiting_call& call = GetParam();
    const std::uint32_t shelf = process.shelf();
    const auto at = [&](std::uint32_t offset) {
      return engine::value_slot::of_i32(shelf + offset);
    };
    std::vector<engine::value_slot> values = call.arguments;
    if (call.name == "poll_oneoff") {
      EXPECT_TRUE(group.memory().store<std::uint32_t>(shelf + 16, 1).is_success());
      EXPECT_TRUE(group.memory().store<std::uint64_t>(shelf + 24, 3'600'000'000'000).is_success());
      values = {at(0), at(64), values[2], at(128)};
    } else if (call.name == "futex_wait") {
      values[0] = at(0);
      values[3] = at(128);
    } else if (call.name.starts_with("fd_")) {
      EXPECT_TRUE(group.memory().store<std::uint32_t>(shelf, shelf + 64).is_success());
      EXPECT_TRUE(group.memory().store<std::uint32_t>(shelf + 4, 16).is_success());
      values = {values[0], at(0), values[2], at(128)};
    }
    const auto& function =
        std::get<host_function>(*process_of(group).environment.registry->find(call.module, call.name));
    const auto waited = group.serve(function.name.c_str(), function.call, values);
    return waited ? ending{{}, values[0].i32()} : ending{waited.error().code(), 0};
  }
};

TEST_P(NamedGuestWait, IsInTheReportAndEndsWithTheProcess)
{
  auto outcome = begin_wait();
  EXPECT_EQ(book.count(), 0U);
  process.core().end({0, std::nullopt});
  EXPECT_EQ(outcome.get(), (ending{errc::stopping, 0}));
}

TEST_P(NamedGuestWait, EndsWithAnInterruption)
{
  constexpr std::uint32_t intr = 27;        // of WASI
  for (int round = 0; round < 3; ++round) { // each ends one wait
    auto outcome = begin_wait();
    process.core().threads.find(waiter)->interrupt();
    EXPECT_EQ(outcome.get(), (ending{{}, intr}));
  }
}

const auto zero = engine::value_slot::of_i32(0);
const auto one = engine::value_slot::of_i32(1);
const auto hour = engine::value_slot::of_i64(3'600'000'000'000);

INSTANTIATE_TEST_SUITE_P(OfEachKind, NamedGuestWait,
                         testing::Values(waiting_call{"wasix_32v1", "futex_wait", {zero, zero, zero, zero}},
                                         waiting_call{"wasix_32v1", "thread_join", {one}},
                                         waiting_call{"wasix_32v1", "thread_sleep", {hour}},
                                         waiting_call{"wasi_snapshot_preview1", "poll_oneoff", {zero, zero, one, zero}},
                                         waiting_call{"wasi_snapshot_preview1", "fd_read", {zero, zero, one, zero}},
                                         waiting_call{"wasi_snapshot_preview1", "fd_write", {one, zero, one, zero}}));

} // namespace
} // namespace interlink

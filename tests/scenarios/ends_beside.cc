// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The process ends by exit, by a trap or by the embedder's stop while two other threads are in one state: each state in
// which a thread can be. Every thread ends and is joined. One that computes without a call does so only on an
// interruptible engine; else the stop reports it, and it is joined when it has come to its next check.
#include "tests/scenarios/support/guest_process.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <unistd.h>

namespace interlink {
namespace {

using namespace test;

struct thread_state {
  const char* name;
  std::vector<std::string> waiting_in; ///< what a report says of the two threads, sorted; empty: not looked at
  std::size_t computing{};             ///< threads that can be stopped by an interruptible engine only
};

const std::array<thread_state, 15> states{{
    {"computes", {"", ""}, 2},
    {"computes_with_calls", {"", ""}},
    {"waits", {"memory.atomic.wait", "memory.atomic.wait"}},
    {"waits_in_futex", {"futex_wait", "futex_wait"}},
    {"reads", {"fd_read", "fd_read"}},
    {"polls", {"poll_oneoff", "poll_oneoff"}},
    {"sleeps", {"thread_sleep", "thread_sleep"}},
    {"joins", {"memory.atomic.wait", "thread_join"}},
    {"loads", {}},
    {"waits_for_load", {"", "another thread's load or close of the same library"}, 1},
    {"constructs", {"another thread's constructors", "memory.atomic.wait"}},
    {"waits_for_constructors", {"another thread's constructors", "memory.atomic.wait"}},
    {"computes_in_constructor", {"", "another thread's constructors"}, 1},
    {"spawns", {}},
    {"serves", {"interlink_host.serve", "interlink_host.serve"}},
}};

struct way_of_process {
  const char* name;
  std::uint32_t exit_code;
};

constexpr std::array<way_of_process, 3> ways{{{"exit", 7}, {"trap", exit_code_of_trap}, {"stop", 143}}};

struct ending {
  thread_state state;
  way_of_process way;
  bool is_interruptible{};
};

std::string name_of(const ending& of)
{
  std::string name = of.way.name;
  name.append("_beside_one_that_").append(of.state.name);
  return of.is_interruptible ? name + "_interruptible" : name;
}

void PrintTo(const ending& of, std::ostream* stream)
{
  *stream << name_of(of);
}

std::vector<ending> all_endings()
{
  std::vector<ending> all;
  for (const thread_state& state : states) {
    for (const way_of_process& way : ways) {
      all.push_back({state, way, false});
      if (state.computing != 0) {
        all.push_back({state, way, true});
      }
    }
  }
  return all;
}

/// Where main and the test meet: main says where its word `release` is, and goes on when the test says so.
struct meeting {
  std::promise<std::uint32_t> ready;
  std::promise<void> may_go;
  std::shared_future<void> go = may_go.get_future().share();
};

host_registry host_functions(const std::shared_ptr<meeting>& at)
{
  host_registry functions;
  functions.add("embedder", "ready", {{wasm::i32}, {}},
                [at](instance_group&, std::span<engine::value_slot> values) -> result<void> {
                  at->ready.set_value(values[0].i32());
                  at->go.wait_for(process_deadline);
                  return {};
                });
  return functions;
}

/// A pipe that stays silent.
class silent_pipe {
public:
  silent_pipe() { static_cast<void>(!::pipe2(ends_.data(), O_CLOEXEC)); }

  silent_pipe(const silent_pipe&) = delete;
  silent_pipe& operator=(const silent_pipe&) = delete;

  ~silent_pipe()
  {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  int reading_end() const { return ends_[0]; }

private:
  std::array<int, 2> ends_{-1, -1};
};

/// What a report says of all threads but the first.
std::vector<std::string> waits_of(process_core& core)
{
  std::vector<std::string> waits;
  for (const thread_report& thread : core.threads.report()) {
    if (thread.group != first_group) {
      waits.push_back(thread.waiting_in);
    }
  }
  std::ranges::sort(waits);
  return waits;
}

bool come_to_wait(process_core& core, const std::vector<std::string>& expected)
{
  const auto deadline = std::chrono::steady_clock::now() + process_deadline;
  while (!expected.empty() && waits_of(core) != expected) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // The states that no report shows are a few instructions ahead.
  std::this_thread::sleep_for(std::chrono::milliseconds(expected.empty() ? 20 : 2));
  return true;
}

/// Whom a stop reports once no more than `computing` are left. The others may need longer on a loaded machine than a
/// stop that must give up waits.
result<stop_report> stop_until(guest_process& guest, std::size_t computing)
{
  if (computing == 0) {
    return guest.stop(process_deadline);
  }
  const auto deadline = std::chrono::steady_clock::now() + process_deadline;
  auto report = guest.stop(std::chrono::milliseconds(10));
  while (report && report->still_running.size() > computing && std::chrono::steady_clock::now() < deadline) {
    report = guest.stop(std::chrono::milliseconds(10));
  }
  return report;
}

class ProcessEnd : public testing::TestWithParam<ending> {};

TEST_P(ProcessEnd, JoinsEveryThread)
{
  const auto& [state, way, is_interruptible] = GetParam();
  const silent_pipe input;
  const auto at = std::make_shared<meeting>();
  auto ready = at->ready.get_future();
  guest_options options;
  options.arguments = {state.name, way.name};
  options.functions = host_functions(at);
  options.stdin_fd = input.reading_end();
  options.interruptible = is_interruptible;
  guest_process guest("ends_beside", std::move(options));
  ASSERT_FALSE(guest.refusal()) << guest.refusal()->message();
  auto outcome = guest.begin();
  ASSERT_EQ(ready.wait_for(process_deadline), std::future_status::ready) << guest.output();
  const std::uint32_t release = ready.get();
  EXPECT_TRUE(come_to_wait(guest.core(), state.waiting_in));

  at->may_go.set_value();
  const std::size_t computing = is_interruptible ? 0 : state.computing;
  if (std::string_view(way.name) == "stop") {
    ASSERT_TRUE(stop_until(guest, computing));
  }
  const auto ended = guest_process::await(std::move(outcome));
  ASSERT_TRUE(ended) << ended.error().message();
  EXPECT_EQ(ended->exit_code, way.exit_code);
  EXPECT_EQ(ended->failure.has_value(), std::string_view(way.name) != "exit");

  const auto left = stop_until(guest, computing);
  ASSERT_TRUE(left) << left.error().message();
  EXPECT_EQ(left->still_running.size(), computing);
  for (const thread_report& thread : left->still_running) {
    EXPECT_EQ(thread.waiting_in, "");
    EXPECT_NE(thread.group, first_group);
  }
  std::byte* const word = guest.core().environment.linked_memory->data() + release;
  std::atomic_ref(*reinterpret_cast<std::int32_t*>(word)).store(1);
  const auto released = guest.stop(process_deadline);
  ASSERT_TRUE(released) << released.error().message();
  EXPECT_TRUE(released->still_running.empty());
  EXPECT_EQ(guest.core().threads.alive_count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(, ProcessEnd, testing::ValuesIn(all_endings()),
                         [](const auto& one) { return name_of(one.param); });

/// What this test program has of the host.
struct host_share {
  std::size_t mapped_bytes{};
  std::size_t threads{};
  std::size_t descriptors{};

  static host_share now()
  {
    const auto entries = [](const char* directory) {
      return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
    };
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return {pages * static_cast<std::size_t>(::getpagesize()), entries("/proc/self/task"), entries("/proc/self/fd")};
  }

  /// Once no thread has gone for a while: the kernel counts one that was joined for a moment longer.
  static host_share at_rest()
  {
    constexpr int quiet_milliseconds = 100;
    host_share seen = now();
    for (int quiet = 0; quiet < quiet_milliseconds; ++quiet) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const host_share next = now();
      quiet = next.threads == seen.threads ? quiet : 0;
      seen = next;
    }
    return seen;
  }
};

/// One process, from its beginning until nothing of it is left; what the host had of it meanwhile.
host_share end_beside_waiters(const way_of_process& way)
{
  const auto at = std::make_shared<meeting>();
  auto ready = at->ready.get_future();
  guest_options options;
  options.arguments = {"waits", way.name};
  options.functions = host_functions(at);
  guest_process guest("ends_beside", std::move(options));
  auto outcome = guest.begin();
  EXPECT_EQ(ready.wait_for(process_deadline), std::future_status::ready) << guest.output();
  EXPECT_TRUE(come_to_wait(guest.core(), {"memory.atomic.wait", "memory.atomic.wait"}));
  const host_share meanwhile = host_share::now();
  at->may_go.set_value();
  if (std::string_view(way.name) == "stop") {
    EXPECT_TRUE(guest.stop(process_deadline));
  }
  EXPECT_TRUE(guest_process::await(std::move(outcome)));
  return meanwhile;
}

TEST(EndedProcess, HasGivenBackItsMemoryThreadsAndDescriptors)
{
  constexpr std::size_t gibibyte = std::size_t{1} << 30;
  end_beside_waiters(ways[0]); // what the engine and the allocator keep for good
  const host_share before = host_share::at_rest();
  for (int round = 0; round < 3; ++round) {
    for (const way_of_process& way : ways) {
      const host_share meanwhile = end_beside_waiters(way);
      // Its linear memory alone is an address space of 4 GiB.
      EXPECT_GT(meanwhile.mapped_bytes, before.mapped_bytes + 2 * gibibyte);
      EXPECT_GT(meanwhile.threads, before.threads);
    }
  }
  const host_share after = host_share::at_rest();
  EXPECT_LT(after.mapped_bytes, before.mapped_bytes + gibibyte);
  EXPECT_EQ(after.threads, before.threads);
  EXPECT_EQ(after.descriptors, before.descriptors);
}

} // namespace
} // namespace interlink

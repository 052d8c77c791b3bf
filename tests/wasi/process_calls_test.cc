// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <array>
#include <csignal>

namespace interlink::wasi::testing {
namespace {

using namespace std::string_literals;

TEST(ProcessCalls, SizesCountTerminators)
{
  guest g([](options& o) { o.args = {"prog", "", "\xc3\xa4"}; });
  auto count = g.memory.reserve(4);
  auto size = g.memory.reserve(4);
  ASSERT_EQ(g.call(args_sizes_get, count, size), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(count), 3U);
  EXPECT_EQ(g.memory.load<std::uint32_t>(size), 5U + 1U + 3U);
}

TEST(ProcessCalls, ArgumentsStandOneAfterTheOther)
{
  guest g([](options& o) { o.args = {"prog", "x"}; });
  auto pointers = g.memory.reserve(8);
  auto buffer = g.memory.reserve(7);
  ASSERT_EQ(g.call(args_get, pointers, buffer), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(pointers), buffer);
  EXPECT_EQ(g.memory.load<std::uint32_t>(pointers + 4), buffer + 5);
  EXPECT_EQ(g.memory.text(buffer, 7), "prog\0x\0"s);
}

TEST(ProcessCalls, TheEnvironmentIsTheEmbeddersAndNoOther)
{
  guest g([](options& o) { o.env = {"A=1"}; });
  auto count = g.memory.reserve(4);
  auto size = g.memory.reserve(4);
  ASSERT_EQ(g.call(environ_sizes_get, count, size), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(count), 1U);
  auto pointers = g.memory.reserve(4);
  auto buffer = g.memory.reserve(4);
  ASSERT_EQ(g.call(environ_get, pointers, buffer), errno_code::success);
  EXPECT_EQ(g.memory.text(buffer, 4), "A=1\0"s);
}

TEST(ProcessCalls, AnEmptyEnvironmentNeedsNoBuffer)
{
  guest g;
  EXPECT_EQ(g.call(environ_get, 65536, 65536), errno_code::success);
}

TEST(ProcessCalls, StringsThatDoNotFitAreNotStoredInPart)
{
  guest g([](options& o) { o.args = {"prog", "argument"}; });
  EXPECT_EQ(g.call(args_get, 64, 65536 - 8), errno_code::fault);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 0U);
  EXPECT_EQ(g.memory.load<std::uint64_t>(65536 - 8), 0U);
}

TEST(ProcessCalls, EveryClockHasATimeAndAResolution)
{
  guest g;
  auto time = g.memory.reserve(8);
  for (std::uint32_t clock = 0; clock < 4; ++clock) {
    ASSERT_EQ(g.call(clock_res_get, clock, time), errno_code::success);
    EXPECT_GT(g.memory.load<std::uint64_t>(time), 0U) << clock;
    ASSERT_EQ(g.call(clock_time_get, clock, 0, time), errno_code::success);
    EXPECT_GT(g.memory.load<std::uint64_t>(time), 0U) << clock;
  }
}

TEST(ProcessCalls, AnUnknownClockIsInvalid)
{
  guest g;
  EXPECT_EQ(g.call(clock_res_get, 4, 64), errno_code::inval);
  EXPECT_EQ(g.call(clock_time_get, 0xffffffff, 0, 64), errno_code::inval);
}

TEST(ProcessCalls, TheMonotonicClockDoesNotGoBack)
{
  guest g;
  ASSERT_EQ(g.call(clock_time_get, 1, 0, 64), errno_code::success);
  ASSERT_EQ(g.call(clock_time_get, 1, 0, 72), errno_code::success);
  EXPECT_LE(g.memory.load<std::uint64_t>(64), g.memory.load<std::uint64_t>(72));
}

TEST(ProcessCalls, RandomBytesFillTheBufferAndNoMore)
{
  guest g;
  ASSERT_EQ(g.call(random_get, 4096, 32), errno_code::success);
  EXPECT_NE(g.memory.text(4096, 32), std::string(32, '\0'));
  EXPECT_EQ(g.memory.load<std::uint64_t>(4096 + 32), 0U);
}

TEST(ProcessCalls, NoRandomBytesAreASuccess)
{
  guest g;
  EXPECT_EQ(g.call(random_get, 65536, 0), errno_code::success);
}

TEST(ProcessCalls, ACancelledThreadGetsNoRandomBytes)
{
  guest g;
  g.cancel().cancel();
  EXPECT_EQ(g.call(random_get, 64, 8), outcome::cancelled());
}

TEST(ProcessCalls, ExitUnwindsWithTheCode)
{
  guest g;
  EXPECT_EQ(g.call(proc_exit, 7), outcome::exited(7));
  EXPECT_EQ(g.call(proc_exit, 0), outcome::exited(0));
}

TEST(ProcessCalls, TheExitHookRunsOnceWithTheFirstCode)
{
  std::vector<std::uint32_t> codes;
  guest g([&](options& o) {
    o.on_exit = [&](std::uint32_t code) {
      codes.push_back(code);
    };
  });
  (void)g.call(proc_exit, 3);
  (void)g.call(proc_exit, 4);
  EXPECT_EQ(codes, std::vector<std::uint32_t>{3});
}

TEST(ProcessCalls, TheExitHookRunsOnceForThreadsThatExitTogether)
{
  std::atomic<int> runs = 0;
  guest g([&](options& o) {
    o.on_exit = [&](std::uint32_t) {
      ++runs;
    };
  });
  auto leave = [](class system& s, call_context& c) {
    return proc_exit(s, c, 1);
  };
  running_call first(g, leave);
  running_call second(g, leave);
  EXPECT_EQ(first.finish(), outcome::exited(1));
  EXPECT_EQ(second.finish(), outcome::exited(1));
  EXPECT_EQ(runs.load(), 1);
}

struct signal_case {
  std::uint32_t number;
  outcome expected;
};

TEST(ProcessCalls, ASignalDoesWhatItDoesByDefault)
{
  const std::array cases{
      signal_case{0, errno_code::success},
      signal_case{2, outcome::exited(128 + SIGINT)},
      signal_case{6, outcome::exited(128 + SIGABRT)},
      signal_case{10, outcome::exited(128 + SIGUSR1)},
      signal_case{15, outcome::exited(128 + SIGTERM)},
      signal_case{16, errno_code::success}, // child
      signal_case{17, errno_code::success}, // continue
      signal_case{18, errno_code::notsup},  // stop
      signal_case{27, errno_code::success}, // window size
      signal_case{30, outcome::exited(128 + SIGSYS)},
      signal_case{31, errno_code::inval},
      signal_case{0xffffffff, errno_code::inval},
  };
  guest g;
  for (const auto& one : cases) {
    EXPECT_EQ(g.call(proc_raise, one.number), one.expected) << one.number;
  }
}

TEST(ProcessCalls, ADeadlySignalRunsTheExitHook)
{
  std::uint32_t code = 0;
  guest g([&](options& o) {
    o.on_exit = [&](std::uint32_t c) {
      code = c;
    };
  });
  (void)g.call(proc_raise, 6);
  EXPECT_EQ(code, 128U + SIGABRT);
}

TEST(ProcessCalls, YieldGoesOn)
{
  guest g;
  EXPECT_EQ(g.call(sched_yield), errno_code::success);
}

} // namespace
} // namespace interlink::wasi::testing

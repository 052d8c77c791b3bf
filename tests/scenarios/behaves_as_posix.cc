// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cancellation, signals, polls and waits of the kit's C library. The programs do the same natively.
#include "tests/scenarios/support/command_run.hh"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace interlink {
namespace {

using namespace test;

TEST(Posix, CancelEndsEveryKindOfWait)
{
  const scratch_directory scratch;
  EXPECT_TRUE(
      succeeds(run_guest("cancels_threads", {.options = {"--dir", scratch.path() + "::/", "--net", "loopback"}})));
}

TEST(Posix, SignalsAreHandledWhereTheyAreMeant)
{
  EXPECT_TRUE(succeeds(run_guest("handles_signals")));
}

class DefaultAction : public testing::TestWithParam<int> {};

TEST_P(DefaultAction, EndsTheProgramWithTheSignalsCode)
{
  EXPECT_TRUE(ends_with(run_guest("handles_signals", {.arguments = {std::to_string(GetParam())}}), 128 + GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Posix, DefaultAction, testing::Values(SIGHUP, SIGINT, SIGABRT, SIGKILL, SIGTERM));

TEST(Posix, PollAndSelectSayWhatIsReady)
{
  EXPECT_TRUE(succeeds(run_guest("polls_descriptors")));
}

TEST(Posix, LocksConditionsAndJoinsAnswerAsTheyShould)
{
  EXPECT_TRUE(succeeds(run_guest("synchronises_threads")));
}

/// How often the threads of a child process have been put on a processor.
long switches_of(const std::filesystem::path& process)
{
  long sum = 0;
  for (const auto& task : std::filesystem::directory_iterator(process / "task")) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      const auto at = line.find("ctxt_switches:");
      if (at != std::string::npos) {
        sum += std::stol(line.substr(at + sizeof "ctxt_switches:"));
      }
    }
  }
  return sum;
}

/// The child that runs the guest; this process has no other.
std::filesystem::path only_child()
{
  std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  std::string number;
  children >> number;
  return "/proc/" + number;
}

TEST(Posix, IdleThreadsSleep)
{
  long switches = -1;
  const script_step look{.after = "ok idle", .act = [&] {
                           const auto child = only_child();
                           const long before = switches_of(child);
                           std::this_thread::sleep_for(std::chrono::milliseconds(500));
                           switches = switches_of(child) - before;
                         }};
  EXPECT_TRUE(succeeds(run_guest("idles", {.script = {look, close_input()}})));
  EXPECT_GE(switches, 0);
  EXPECT_LT(switches, 100); // 200 threads that looked around ten times a second would be at 1,000
}

} // namespace
} // namespace interlink

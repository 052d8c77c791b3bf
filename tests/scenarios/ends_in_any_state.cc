// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exit, return, pthread_exit and traps, from main or another thread, while other threads compute, wait, sleep, read
// standard input (which stays silent), join, and construct a library.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

struct way_to_end {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
};

void PrintTo(const way_to_end& way, std::ostream* stream)
{
  *stream << way.name;
}

class Ending : public testing::TestWithParam<way_to_end> {};

TEST_P(Ending, EndsTheProcessWhateverTheOtherThreadsDo)
{
  command_options options;
  options.arguments = GetParam().arguments;
  options.script = {};
  const command_result run = run_guest("ends_in_any_state", options);
  EXPECT_TRUE(ends_with(run, GetParam().exit_code));
  EXPECT_TRUE(run.out.contains("ending by " + GetParam().arguments.front()));
}

INSTANTIATE_TEST_SUITE_P(
    , Ending,
    testing::Values(
        way_to_end{"ExitFromMain", {"exit", "main"}, 7}, way_to_end{"ExitFromThread", {"exit", "thread"}, 7},
        way_to_end{"ExitFromMainWhileConstructing", {"exit", "main", "constructing"}, 7},
        way_to_end{"ExitFromThreadWhileConstructing", {"exit", "thread", "constructing"}, 7},
        way_to_end{"ReturnFromMain", {"return", "main"}, 7},
        way_to_end{"ReturnFromMainWhileConstructing", {"return", "main", "constructing"}, 7},
        way_to_end{"TrapInMain", {"trap", "main"}, 134}, way_to_end{"TrapInThread", {"trap", "thread"}, 134},
        way_to_end{"TrapInMainWhileConstructing", {"trap", "main", "constructing"}, 134},
        way_to_end{"TrapInThreadWhileConstructing", {"trap", "thread", "constructing"}, 134},
        way_to_end{"AbortInMain", {"abort", "main"}, 134}, way_to_end{"AbortInThread", {"abort", "thread"}, 134},
        way_to_end{"PthreadExitOfMain", {"pthread_exit", "main"}, 0},
        way_to_end{"PthreadExitOfThread", {"pthread_exit", "thread"}, 7}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Trap, ShowsTheBacktraceByFunctionAndModule)
{
  command_options options;
  options.arguments = {"trap", "thread"};
  options.script = {};
  const command_result run = run_guest("ends_in_any_state", options);
  EXPECT_TRUE(ends_with(run, 134));
  EXPECT_TRUE(run.err.contains("ends_in_any_state.wasm!end")) << run.err;
  EXPECT_TRUE(run.err.contains("unreachable")) << run.err;
}

} // namespace
} // namespace interlink

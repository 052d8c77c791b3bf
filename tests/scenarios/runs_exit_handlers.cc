// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of libraries run at their close, or at exit among main's own, each once.
#include "tests/scenarios/support/command_run.hh"

#include <utility>

namespace interlink {
namespace {

using namespace test;

struct handler_case {
  const char* part;
  const char* said; ///< in the whole run, newest last
  int exit_code = 0;
};

class ExitHandlers : public testing::TestWithParam<handler_case> {};

TEST_P(ExitHandlers, RunOnceAndInOrder)
{
  const command_result run = run_guest("runs_exit_handlers", {.arguments = {GetParam().part}});
  EXPECT_TRUE(ends_with(run, GetParam().exit_code));
  EXPECT_TRUE(run.out.contains(std::string("said ") + GetParam().said + "\n")) << run.out;
}

INSTANTIATE_TEST_SUITE_P(
    , ExitHandlers,
    testing::Values(handler_case{"closed", "a2 a1 a2 a1 M m "}, handler_case{"at_exit", "b2 b1 M a2 a1 m "},
                    handler_case{"for_another", "bo b2 b1 a2 a1 m "}, handler_case{"of_main", "M a2 a1 m "},
                    handler_case{"in_a_handler", "ar an a2 a1 m "}, handler_case{"kept", "M a2 a1 m "},
                    handler_case{"of_main_thread", "at a2 a1 m "},
                    handler_case{"exits_in_a_handler", "b2 b1 a2 a1 m ", 3},
                    handler_case{"ends_thread_in_a_handler", "a2 a1 m "},
                    handler_case{"closes_in_a_handler", "a2 a1 b2 b1 b2 b1 a2 a1 m "},
                    handler_case{"closes_at_exit", "x b2 b1 a2 a1 m "}, handler_case{"quickly", "b2 b1 M aq ", 4}),
    [](const auto& one) { return std::string(one.param.part); });

TEST(ThreadLocalObject, KeepsItsLibraryUntilItsThreadEnds)
{
  EXPECT_TRUE(succeeds(run_guest("runs_exit_handlers", {.arguments = {"of_thread"}})));
}

// Nothing could catch it: the close may be anybody's.
TEST(ExitHandler, TrapsWhenAnExceptionLeavesIt)
{
  const command_result run = run_guest("throws_uncaught", {.arguments = {"handler"}});
  EXPECT_TRUE(ends_with(run, 134));
  EXPECT_TRUE(run.err.contains("an exception left a handler that runs when a library is closed")) << run.err;
  EXPECT_TRUE(run.err.contains("libhandlers_a.so")) << run.err;
}

TEST(Exit, MayComeWhileThreadsClose)
{
  for (int round = 0; round < 8; ++round) {
    EXPECT_TRUE(succeeds(run_guest("runs_exit_handlers", {.arguments = {"races_exit"}})));
  }
}

} // namespace
} // namespace interlink

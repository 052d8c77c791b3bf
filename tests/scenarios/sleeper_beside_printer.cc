// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread that sleeps in poll holds nothing that another needs to print.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(StandardOutput, IsFreeWhileAnotherThreadSleepsInPoll)
{
  const command_result run = run_guest("sleeps_beside_printer");
  EXPECT_TRUE(succeeds(run));
  EXPECT_TRUE(run.out.contains("line 99\n"));
}

} // namespace
} // namespace interlink

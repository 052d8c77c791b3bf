// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host refuses a thread with EAGAIN, joins those that run, and has room again.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Threads, AreRefusedWithAgainAtTheLimitAndStartAfterwards)
{
  // 400 is more than any test above starts, and far below the limit of groups.
  EXPECT_TRUE(succeeds(run_guest("spawns_to_the_limit", {.arguments = {"400"}})));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A start function that calls through the table runs once in the requester, in a thread that was there before and in
// one that comes later.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(StartFunction, CallsThroughTheTableInRequesterFollowerAndJoiner)
{
  EXPECT_TRUE(succeeds(run_guest("start_function_calls_indirectly")));
}

} // namespace
} // namespace interlink

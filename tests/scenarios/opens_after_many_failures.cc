// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 20,000 loads that fail in one thread leave room for a good one.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(FailedOpen, MayHappenTwentyThousandTimesBeforeTheLinkerTouchesTheStore)
{
  EXPECT_TRUE(succeeds(run_guest("fails_to_open", {.arguments = {"-n", "20000", "./libmissing.so"}})));
}

TEST(FailedOpen, MayHappenTwentyThousandTimesAfterTheInstanceWasMade)
{
  EXPECT_TRUE(succeeds(run_guest("fails_to_open", {.arguments = {"-n", "20000", "./libtrapping_start.so"}})));
}

} // namespace
} // namespace interlink

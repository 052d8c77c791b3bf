// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Clocks, sleeps and calendar time.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Clocks, GoForwardAndSleepsLast)
{
  EXPECT_TRUE(succeeds(run_guest("keeps_time")));
}

} // namespace
} // namespace interlink

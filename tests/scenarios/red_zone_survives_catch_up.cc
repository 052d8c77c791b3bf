// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A catch up inside a leaf function leaves what lies below the stack pointer as it is.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(CatchUp, LeavesTheRedZoneAlone)
{
  EXPECT_TRUE(succeeds(run_guest("red_zone_survives_catch_up")));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two threads open two libraries whose constructors open each other's: no wait closes the cycle.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Constructors, ThatOpenEachOthersLibraryRunToTheirEnd)
{
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(succeeds(run_guest("two_constructors_open_each_other"))) << "in round " << round;
  }
}

} // namespace
} // namespace interlink

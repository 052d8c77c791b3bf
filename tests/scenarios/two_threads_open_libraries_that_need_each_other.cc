// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two threads, two libraries, each needs the other.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Open, EndsWhenTwoThreadsOpenLibrariesThatNeedEachOther)
{
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(succeeds(run_guest("two_threads_open_libraries_that_need_each_other"))) << "in round " << round;
  }
}

} // namespace
} // namespace interlink

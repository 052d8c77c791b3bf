// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread started before a load and one started after it call into the library.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Threads, StartedBeforeAndAfterALoadCallIntoIt)
{
  EXPECT_TRUE(succeeds(run_guest("threads_before_and_after_a_load")));
}

} // namespace
} // namespace interlink

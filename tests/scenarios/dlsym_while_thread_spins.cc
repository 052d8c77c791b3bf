// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first dlsym of a function gives it a slot, in the table of a thread that computes without any call too.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Dlsym, GivesAPointerThatARunningThreadCallsAtOnce)
{
  EXPECT_TRUE(succeeds(run_guest("calls_what_dlsym_found")));
}

} // namespace
} // namespace interlink

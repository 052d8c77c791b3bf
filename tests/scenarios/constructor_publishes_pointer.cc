// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A load is published before its constructors run: what they hand out can be called at once.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Constructors, PublishAPointerThatARunningThreadCallsAtOnce)
{
  EXPECT_TRUE(succeeds(run_guest("constructor_publishes_pointer")));
}

} // namespace
} // namespace interlink

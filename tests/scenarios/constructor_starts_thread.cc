// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A constructor may start a thread that runs the library's own code, and wait for it.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Constructors, StartAThreadAndWaitForIt)
{
  EXPECT_TRUE(succeeds(run_guest("constructor_starts_thread")));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread that waits on a condition neither delays a dlopen nor misses what it brought.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Open, CompletesWhileAThreadWaits)
{
  EXPECT_TRUE(succeeds(run_guest("opens_while_thread_waits")));
}

} // namespace
} // namespace interlink

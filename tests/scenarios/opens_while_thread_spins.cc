// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread that computes without any call neither delays a dlopen nor misses what it brought.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Open, CompletesWhileAThreadSpins)
{
  EXPECT_TRUE(succeeds(run_guest("opens_while_thread_spins")));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data, functions and thread-local variables of one module in another, in two threads.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Symbols, CrossModulesInTwoThreads)
{
  EXPECT_TRUE(succeeds(run_guest("symbols_cross_modules")));
}

} // namespace
} // namespace interlink

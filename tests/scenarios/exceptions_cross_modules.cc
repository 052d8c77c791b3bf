// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// throw through a direct import, through a thunk, and through a lazy import's first call.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Exceptions, CrossModulesOnTheFirstCallToo)
{
  EXPECT_TRUE(succeeds(run_guest("throws_across_modules")));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// longjmp through a direct import, through a thunk, and through a lazy import's first call.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Longjmp, CrossesModulesOnTheFirstCallToo)
{
  EXPECT_TRUE(succeeds(run_guest("longjmp_across_modules")));
}

} // namespace
} // namespace interlink

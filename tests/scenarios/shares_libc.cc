// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One libc for all modules: errno is a thread's, stdio and heap are the process's.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Libc, IsSharedByMainAndLibrary)
{
  EXPECT_TRUE(succeeds(run_guest("shares_libc")));
}

} // namespace
} // namespace interlink

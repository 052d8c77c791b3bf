// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The WASIX calls for threads, futexes and the current directory; proc_exit2 ends with its code.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Wasix, ServesThreadsFutexesAndDirectories)
{
  const command_result run = run_guest("wasix_calls");
  EXPECT_TRUE(ends_with(run, 5));
  EXPECT_TRUE(run.out.contains("ok wasix calls\n"));
}

} // namespace
} // namespace interlink

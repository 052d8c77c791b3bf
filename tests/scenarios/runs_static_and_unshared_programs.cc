// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs without dylink.0, and dynamic ones without shared memory.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(StaticProgram, RunsWithAMemoryOfItsOwn)
{
  EXPECT_TRUE(succeeds(run_guest("static_command")));
}

TEST(StaticProgram, HasThreadsInTheSharedMemoryThatItImports)
{
  EXPECT_TRUE(succeeds(run_guest("plain_threads")));
}

TEST(StaticProgram, GetsAClearAnswerFromDlopen)
{
  const command_result run = run_guest("plain_threads", {.arguments = {"open"}});
  EXPECT_TRUE(succeeds(run));
  EXPECT_TRUE(run.out.contains("dlopen: ") && run.out.contains("dylink.0")) << run.out;
}

TEST(UnsharedProgram, OpensALibraryAndIsRefusedThreads)
{
  EXPECT_TRUE(ends_with(run_guest("unshared_main"), 0));
}

} // namespace
} // namespace interlink

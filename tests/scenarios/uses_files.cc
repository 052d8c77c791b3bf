// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files and directories below a preopened directory, and nothing outside of it.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Files, AreUsedBelowAPreopenedDirectory)
{
  const scratch_directory scratch;
  EXPECT_TRUE(succeeds(run_guest("uses_files", {.options = {"--dir", scratch.path() + "::."}})));
}

TEST(Files, AreUsedUnderTheNameThatTheDirectoryWasGiven)
{
  const scratch_directory scratch;
  EXPECT_TRUE(succeeds(run_guest("uses_files", {.options = {"--dir", scratch.path() + "::/"}})));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The WASIX calls for threads, futexes, signals, the current directory and libraries; proc_exit2 ends with its code. A
// call that nobody implements answers Notsup, and is named once.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result run_calls()
{
  const scratch_directory scratch;
  command_options options;
  options.options = {"--dir", ".", "--dir", scratch.path() + "::/scratch", "--lib-path", "."};
  return run_guest("wasix_calls", options);
}

TEST(Wasix, ServesThreadsFutexesSignalsDirectoriesAndLibraries)
{
  const command_result run = run_calls();
  EXPECT_TRUE(ends_with(run, 5));
  EXPECT_TRUE(run.out.contains("ok wasix calls\n"));
}

TEST(Wasix, NamesAFunctionThatNobodyImplementsOnce)
{
  const command_result run = run_calls();
  EXPECT_TRUE(ends_with(run, 5));
  const auto named = run.err.find("wasix_32v1.port_bridge");
  ASSERT_NE(named, std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("wasix_32v1.port_bridge", named + 1), std::string::npos) << run.err;
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread that writes to a full pipe waits alone.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(StandardOutput, BlocksOnlyTheWriterWhenThePipeIsFull)
{
  command_options options;
  options.hold_output_until = "ready";
  const command_result run = run_guest("fills_output_pipe", options);
  EXPECT_TRUE(succeeds(run));
  EXPECT_EQ(run.out.size(), std::size_t{1} << 20);
}

} // namespace
} // namespace interlink

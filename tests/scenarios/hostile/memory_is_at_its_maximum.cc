// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear memory at its maximum, given by --max-memory: libraries that need more and threads are refused, what fits goes
// on, and memory that is given back serves.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(FullMemory, RefusesWhatNeedsMoreAndServesTheRest)
{
  command_options options;
  options.options = {"--dir", ".", "--max-memory", std::to_string(64 << 20)};
  EXPECT_TRUE(succeeds_saying(run_guest("fills_its_memory", options), {"libbig_1.so", "100000"}));
}

TEST(FullMemory, RefusesAProgramThatDoesNotFitAtAll)
{
  for (const std::string maximum : {"65536", "1048576"}) {
    const command_result run = run_guest("fills_its_memory", {.options = {"--dir", ".", "--max-memory", maximum}});
    EXPECT_TRUE(is_in_order(run));
    EXPECT_TRUE(ends_with(run, 127));
    EXPECT_TRUE(run.err.contains("stack") && run.err.contains(maximum)) << run.err;
  }
}

} // namespace
} // namespace interlink

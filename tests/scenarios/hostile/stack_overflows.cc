// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recursion without end, in main, in a thread, through the host, in a catch up, in a constructor: the process ends with
// a trap that shows where; the host's own stack always suffices.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result overflow(const std::string& how)
{
  return run_guest("overflows_its_stack", {.arguments = {how}});
}

TEST(StackOverflow, OfMainIsATrapWithABacktrace)
{
  EXPECT_TRUE(traps_saying(overflow("main"), {"call stack exhausted", "recurse"}));
}

TEST(StackOverflow, OfOneThreadIsATrapWithABacktrace)
{
  EXPECT_TRUE(traps_saying(overflow("thread"), {"call stack exhausted", "recurse"}));
}

TEST(StackOverflow, OfAConstructorIsATrapOfItsThread)
{
  EXPECT_TRUE(traps_saying(overflow("constructor"), {"call stack exhausted", "recurse_in_constructor"}));
}

TEST(StackOverflow, InLinearMemoryIsNoticedBeforeAnythingIsOverwritten)
{
  EXPECT_TRUE(
      traps_saying(overflow("linear"), {"stack overflow", "outside of the stack of thread 2", "recurse_with_frames"}));
  EXPECT_TRUE(traps_saying(overflow("linear-main"), {"stack overflow", "stack of thread 1", "recurse_with_frames"}));
  EXPECT_TRUE(
      traps_saying(overflow("linear-library"), {"stack overflow", "stack of thread 2", "recurse_with_frames_in"}));
  EXPECT_TRUE(traps_saying(overflow("array"), {"stack overflow", "stack of thread 2", "fill_array"}));
}

class LastLevels : public testing::TestWithParam<const char*> {};

command_result act_at(int depth)
{
  return run_guest("overflows_its_stack", {.arguments = {LastLevels::GetParam(), std::to_string(depth)}});
}

TEST_P(LastLevels, AreEnoughForTheHostOrATrap)
{
  // The greatest depth at which all goes well, then every level from there to the end of the stack, and beyond.
  int good = 0;
  int bad = 1 << 20;
  while (bad - good > 1) {
    const int depth = good + (bad - good) / 2;
    const command_result run = act_at(depth);
    ASSERT_TRUE(is_in_order(run)) << depth;
    (run.exit_code == 0 ? good : bad) = depth;
  }
  EXPECT_GT(good, 100);
  for (int depth = bad; depth < bad + 12; ++depth) {
    EXPECT_TRUE(traps_saying(act_at(depth), {"call stack exhausted"})) << depth;
  }
}

INSTANTIATE_TEST_SUITE_P(, LastLevels, testing::Values("open", "refuse", "spawn", "catch-up"), [](const auto& one) {
  std::string name = one.param;
  std::erase(name, '-');
  return name;
});

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest allocator that answers the linker with nonsense: the library that needed the memory is refused with what was
// found, and others open.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result allocate(const std::string& how)
{
  return run_guest("allocates_badly", {.arguments = {how}});
}

class BadBlock : public testing::TestWithParam<const char*> {};

TEST_P(BadBlock, IsRefusedAsFound)
{
  const command_result run = allocate(GetParam());
  EXPECT_TRUE(is_in_order(run));
  EXPECT_TRUE(ends_with(run, 0));
  for (const std::string word : {"libbig_1.so", "libbig_2.so", "aligned_alloc", "expected", "found address"}) {
    EXPECT_TRUE(run.out.contains(word)) << word << " in " << run.out;
  }
}

INSTANTIATE_TEST_SUITE_P(, BadBlock, testing::Values("odd", "wraps", "beyond", "end"),
                         [](const auto& one) { return std::string(one.param); });

TEST(NoBlock, IsAnErrorThatSaysHowMuchWasNeeded)
{
  const command_result run = allocate("none");
  EXPECT_TRUE(is_in_order(run));
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_TRUE(run.out.contains("libbig_1.so") && run.out.contains("100000016 bytes")) << run.out;
}

TEST(SameBlock, ForTwoLibrariesHarmsOnlyTheGuest)
{
  const command_result run = allocate("same");
  EXPECT_TRUE(is_in_order(run));
  EXPECT_TRUE(ends_with(run, 2));
}

TEST(Allocator, ThatTrapsIsATrapOfItsThread)
{
  EXPECT_TRUE(traps_saying(allocate("trap"), {"aligned_alloc", "unreachable"}));
}

TEST(Allocator, ThatOpensALibraryEndsWithTheStack)
{
  EXPECT_TRUE(traps_saying(allocate("recursive"), {"call stack exhausted", "aligned_alloc"}));
}

} // namespace
} // namespace interlink

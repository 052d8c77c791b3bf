// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Closures are functions in every thread, whoever prepared them and whatever the thread was doing; what unwinds the
// guest passes them; one that is freed, or not prepared, traps and says so. Functions can be called and looked at by
// their types.
#include "tests/scenarios/support/command_run.hh"

#include <string>

namespace interlink {
namespace {

using namespace test;

command_result run_part(const std::string& part)
{
  command_options options;
  options.arguments = {part};
  return run_guest("uses_closures", options);
}

constexpr int trapped = 134;

TEST(Closures, AreCalledInEveryThreadAndHaveEveryType)
{
  EXPECT_TRUE(succeeds(run_part("all")));
}

TEST(Closures, LetExceptionsPass)
{
  EXPECT_TRUE(succeeds(run_guest("closure_throws")));
}

TEST(Closures, LetLongjmpPass)
{
  EXPECT_TRUE(succeeds(run_guest("closure_jumps")));
}

TEST(Closures, EndTheProcessWhenTheyExit)
{
  EXPECT_TRUE(ends_with(run_part("exits"), 7));
  EXPECT_TRUE(ends_with(run_part("exits-dynamically"), 8));
}

/// The example: a C library calls an interpreter's functions, in threads of its own, too.
TEST(Closures, AreWhatAnInterpreterHandsToACLibrary)
{
  const command_result run = run_guest("ffi");
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "integrate = 9\n"
                     "count_if = 34\n"
                     "integrate_in_threads = 20\n"
                     "integrate: has not the type d(dd)\n"
                     "1 of the lines failed\n");
}

/// "slot N", as the guest printed it before the call.
std::string slot_in(const command_result& run)
{
  const auto begin = run.out.find("slot ");
  return begin == std::string::npos ? "no slot" : run.out.substr(begin, run.out.find('\n', begin) - begin);
}

TEST(Closures, TrapWhenTheyAreFreed)
{
  const command_result run = run_part("freed");
  EXPECT_TRUE(ends_with(run, trapped));
  EXPECT_TRUE(run.err.contains("a pointer to a closure that is freed is stale; freed lately: " + slot_in(run)))
      << run.err;
}

TEST(Closures, TrapWhenTheyAreNotPrepared)
{
  const command_result run = run_part("unprepared");
  EXPECT_TRUE(ends_with(run, trapped));
  EXPECT_TRUE(run.err.contains("a closure must be prepared before it is called; not prepared: " + slot_in(run)))
      << run.err;
  const command_result direct = run_part("unprepared-void");
  EXPECT_TRUE(ends_with(direct, trapped));
  EXPECT_TRUE(direct.err.contains("a closure is called that is not prepared")) << direct.err;
}

} // namespace
} // namespace interlink

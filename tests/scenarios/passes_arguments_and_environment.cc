// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments and variables reach the guest as they were given; the host's variables do not.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Arguments, ReachTheGuestUnchangedOptionsToo)
{
  const command_result run = run_guest("shows_arguments", {.arguments = {"one", "--dir", "two words", "", "--", "-x"}});
  EXPECT_TRUE(succeeds(run));
  EXPECT_TRUE(run.out.starts_with("[one]\n[--dir]\n[two words]\n[]\n[--]\n[-x]\n")) << run.out;
}

TEST(Environment, HasOnlyTheVariablesThatWereGiven)
{
  const command_result run =
      run_guest("shows_arguments", {.options = {"--env", "GIVEN=a b=c"}, .environment = {"PASSED=by the host"}});
  EXPECT_TRUE(succeeds(run));
  EXPECT_TRUE(run.out.contains("GIVEN is a b=c\nPASSED is not set\n")) << run.out;
}

TEST(Environment, TakesAVariableFromTheHostByName)
{
  const command_result run =
      run_guest("shows_arguments", {.options = {"--env", "PASSED"}, .environment = {"PASSED=by the host"}});
  EXPECT_TRUE(succeeds(run));
  EXPECT_TRUE(run.out.contains("PASSED is by the host\n")) << run.out;
}

} // namespace
} // namespace interlink

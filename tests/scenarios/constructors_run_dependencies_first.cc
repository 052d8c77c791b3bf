// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chain, diamond, cycle and self: once each, and what is needed comes first.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Constructors, RunOnceAndDependenciesFirst)
{
  EXPECT_TRUE(succeeds(run_guest("constructors_run_dependencies_first")));
}

TEST(Constructors, OfNeededLibrariesRunBeforeMain)
{
  EXPECT_TRUE(succeeds(run_guest("needed_constructors_run_before_main")));
}

} // namespace
} // namespace interlink

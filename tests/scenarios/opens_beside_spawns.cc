// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads and joins at the same time: every thread has what it finds.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Threads, StartWhileLibrariesAreOpened)
{
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(succeeds(run_guest("opens_beside_spawns"))) << "in round " << round;
  }
}

} // namespace
} // namespace interlink

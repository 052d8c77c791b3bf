// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread that does nothing but dlsym does not keep others from being born.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Threads, StartBesideALoopOfDlsym)
{
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(succeeds(run_guest("spawns_beside_dlsym_loop"))) << "in round " << round;
  }
}

} // namespace
} // namespace interlink

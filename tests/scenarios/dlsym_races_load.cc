// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A dlsym races a load that needs the same function's address; a third thread calls it at once.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(FunctionPointer, IsOneWhenADlsymRacesALoad)
{
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(succeeds(run_guest("dlsym_races_load"))) << "in round " << round;
  }
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library whose constructor runs is found by dlsym; a dlopen of it waits.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Constructors, LetOthersFindSymbolsMeanwhile)
{
  EXPECT_TRUE(succeeds(run_guest("dlsym_under_construction")));
}

} // namespace
} // namespace interlink

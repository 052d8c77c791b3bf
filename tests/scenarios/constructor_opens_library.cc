// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A constructor may open a library; its constructors run inside.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Constructors, OpenAnotherLibrary)
{
  EXPECT_TRUE(succeeds(run_guest("constructor_opens_library")));
}

} // namespace
} // namespace interlink

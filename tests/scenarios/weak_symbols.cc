// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weak symbols are null when nobody defines them.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(WeakSymbols, AreNullWhenUndefinedAndFoundWhenDefined)
{
  EXPECT_TRUE(succeeds(run_guest("weak_symbols")));
}

} // namespace
} // namespace interlink

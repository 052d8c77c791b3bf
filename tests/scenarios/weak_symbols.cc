// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weak symbols are null when nobody defines them; a call of one all the same traps and says which.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(WeakSymbols, AreNullWhenUndefinedAndFoundWhenDefined)
{
  EXPECT_TRUE(succeeds(run_guest("weak_symbols")));
}

TEST(WeakSymbols, TrapNamingTheFunctionWhenAnUndefinedOneIsCalled)
{
  const command_result run = run_guest("weak_symbols", {.arguments = {"call"}});
  EXPECT_TRUE(ends_with(run, 134));
  EXPECT_TRUE(run.err.contains("weak_function_nowhere")) << run.err;
  EXPECT_TRUE(run.err.contains("libweak.so!weak_call_blindly")) << run.err;
}

} // namespace
} // namespace interlink

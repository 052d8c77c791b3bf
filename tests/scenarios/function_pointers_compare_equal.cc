// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function has one address, whoever asks: each module, each thread, dlsym.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(FunctionPointer, ComparesEqualInModulesThreadsAndDlsym)
{
  EXPECT_TRUE(succeeds(run_guest("function_addresses_compare_equal")));
}

} // namespace
} // namespace interlink

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

TEST(FunctionPointer, ComparesEqualInAMainThatTakesTheAddressItself)
{
  EXPECT_TRUE(succeeds(run_guest("main_takes_function_address")));
}

TEST(FunctionPointer, ComparesEqualInAMainAtFixedAddresses)
{
  EXPECT_TRUE(succeeds(run_guest("fixed_takes_function_address")));
}

} // namespace
} // namespace interlink

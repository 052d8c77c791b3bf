// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program at fixed addresses, whose arena starts empty, opens a library with thread-local variables and
// starts threads.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(FixedAddressMain, OpensALibraryWithThreadLocalsAndStartsThreads)
{
  EXPECT_TRUE(succeeds(run_guest("fixed_main_with_tls_side_and_threads")));
}

} // namespace
} // namespace interlink

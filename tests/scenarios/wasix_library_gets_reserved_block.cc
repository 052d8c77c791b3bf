// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library of the WASIX toolchain asks the allocator for its thread-local block: it gets the one the plan reserved.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(ThreadLocalStorage, OfWasixLibrariesLiesInReservedBlocks)
{
  EXPECT_TRUE(succeeds(run_guest("wasix_library_gets_reserved_block")));
}

} // namespace
} // namespace interlink

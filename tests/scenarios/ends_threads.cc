// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads end by return and by pthread_exit, joined and detached, and their memory is used again.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Threads, GiveTheirMemoryBackHoweverTheyEnd)
{
  EXPECT_TRUE(succeeds(run_guest("ends_threads")));
}

TEST(Threads, MayJoinTheMainThreadAndOutliveIt)
{
  EXPECT_TRUE(succeeds(run_guest("main_thread_leaves")));
}

} // namespace
} // namespace interlink

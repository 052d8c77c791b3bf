// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread that is blocked in a read neither delays a dlopen nor misses what it brought.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Open, CompletesWhileAThreadReads)
{
  command_options options;
  options.script = {{.after = "opened", .write = "x", .close_input = true}};
  EXPECT_TRUE(succeeds(run_guest("opens_while_thread_reads", options)));
}

} // namespace
} // namespace interlink

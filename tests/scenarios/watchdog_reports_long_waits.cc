// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread waits for constructors of another, which waits for input that does not come: the command says so on standard
// error, with the frames of the thread that holds the others up.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

command_options with_watchdog(const std::string& seconds)
{
  command_options options;
  options.options.insert(options.options.end(), {"--watchdog", seconds});
  return options;
}

TEST(WatchdogReport, ShowsWhereTheHolderIsStuck)
{
  command_options options = with_watchdog("0.05");
  // Not at the first report: where code is compiled first, that is of the wait for the load.
  options.script = {{.after = "!read_in_constructor", .write = "x", .close_input = true}};
  const command_result run = run_guest("waits_for_a_constructor_that_reads", options);
  EXPECT_TRUE(succeeds(run));
  EXPECT_TRUE(run.err.contains("for another thread's constructors\n  constructor of /libreads.so, held by thread 2"))
      << run.err;
  EXPECT_TRUE(run.err.contains("thread 2: waits in fd_read; in host call wasi_snapshot_preview1.fd_read, entered "))
      << run.err;
  EXPECT_TRUE(run.err.contains("its guest frames ")) << run.err;
  EXPECT_TRUE(run.err.contains("!read_in_constructor")) << run.err;
  EXPECT_TRUE(run.err.contains("initialise module 2")) << run.err;
}

TEST(WatchdogReport, IsNotMadeWhenSwitchedOff)
{
  command_options options = with_watchdog("off");
  options.script = {{.write = "x", .close_input = true}};
  const command_result run = run_guest("waits_for_a_constructor_that_reads", options);
  EXPECT_TRUE(succeeds(run));
  EXPECT_EQ(run.err, "");
}

} // namespace
} // namespace interlink

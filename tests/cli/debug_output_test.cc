// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What INTERLINK_DEBUG makes `run` print on standard error.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

std::string debug_output(const std::string& guest, const std::string& categories)
{
  const command_result run = run_guest(
      guest, {.options = {"--dir", guest_directory() + "::."}, .environment = {"INTERLINK_DEBUG=" + categories}});
  EXPECT_TRUE(succeeds(run));
  return run.err;
}

TEST(DebugOutput, IsEmptyWhenNothingIsAskedFor)
{
  EXPECT_EQ(debug_output("needed_constructors_run_before_main", ""), "");
}

TEST(DebugOutput, NamesLibrariesFoundAndConstructorsRun)
{
  const std::string text = debug_output("needed_constructors_run_before_main", "libs");
  EXPECT_TRUE(text.contains("[libs 1] find library=libchain_a.so; needed by /needed_constructors_run_before_main.wasm"))
      << text;
  EXPECT_TRUE(text.contains("[libs 1] calling init: /libchain_c.so\n")) << text;
}

TEST(DebugOutput, NamesTheProviderOfEachImport)
{
  const std::string text = debug_output("needed_constructors_run_before_main", "bindings");
  EXPECT_TRUE(text.contains("[bindings 1] binding /libchain_b.so: env.order_own_10 [direct to /libchain_c.so]"))
      << text;
  EXPECT_TRUE(text.contains("wasm: env.order_own_12 [thunk to slot ")) << text;
  EXPECT_TRUE(text.contains(" of /libchain_a.so]")) << text;
  EXPECT_TRUE(text.contains("wasi_snapshot_preview1.proc_exit [host]")) << text;
}

TEST(DebugOutput, TellsALazyBindingFromItsFirstCall)
{
  const std::string text = debug_output("longjmp_across_modules", "bindings");
  const std::size_t planned = text.find("late_jump [lazy, at its first call]");
  EXPECT_NE(planned, std::string::npos) << text;
  EXPECT_NE(text.find("late_jump [first call, slot ", planned), std::string::npos) << text;
}

TEST(DebugOutput, CountsAtExit)
{
  const std::string text = debug_output("needed_constructors_run_before_main", "statistics");
  EXPECT_TRUE(text.contains("[statistics] runtime linker statistics:\n  modules loaded: 4\n")) << text;
  EXPECT_TRUE(text.contains("\n  instance groups made: 1\n")) << text;
  EXPECT_TRUE(text.contains("\n  dead instances, kept until their thread ends: 0\n")) << text;
  EXPECT_TRUE(text.contains("  operations published: load_modules 1,")) << text;
  EXPECT_TRUE(text.contains("us in 1 runs")) << text;
}

TEST(DebugOutput, RefusesAnUnknownCategory)
{
  const command_result run = run_guest("static_command", {.environment = {"INTERLINK_DEBUG=libs,everything"}});
  EXPECT_TRUE(ends_with(run, 2));
  EXPECT_TRUE(run.err.contains("unknown category everything")) << run.err;
}

} // namespace
} // namespace interlink

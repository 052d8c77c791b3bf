// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs that guests start, signals that find their handlers, and signals from outside.
#include "tests/scenarios/support/command_run.hh"

#include <algorithm>
#include <filesystem>

namespace interlink {
namespace {

using namespace test;

TEST(WasixProcesses, AreStartedJoinedSignalledReplacedAndJoinedByPipes)
{
  const scratch_directory scratch;
  scratch.write("secret", "not the guest's");
  scratch.write("guest/text", "no program");
  scratch.copy_guest("starts_programs.wasm", "guest/program.wasm");
  scratch.copy_guest("starts_programs.wasm", "guest/bin/tool");
  std::filesystem::create_directory_symlink("..", scratch / "guest/out");
  command_options options;
  options.options = {"--dir", (scratch / "guest") + "::/"};
  EXPECT_TRUE(succeeds(run_guest("starts_programs", options)));
}

TEST(WasixFunctions, ThatAreRefusedAnswerSoAndAreNamedOnce)
{
  const command_result run = run_guest("asks_what_is_refused");
  EXPECT_TRUE(succeeds(run));
  EXPECT_EQ(std::ranges::count(run.err, '\n'), 22) << run.err;
  EXPECT_TRUE(run.err.contains("wasix_32v1.proc_fork")) << run.err;
}

TEST(WasixSignals, FindTheirHandlerInEveryWait)
{
  EXPECT_TRUE(succeeds(run_guest("takes_signals")));
}

} // namespace
} // namespace interlink

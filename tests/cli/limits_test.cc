// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `run` bounds beside memory.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result run_with(const std::string& guest, std::vector<std::string> options)
{
  options.insert(options.end(), {"--dir", guest_directory() + "::."});
  return run_guest(guest, {.options = std::move(options)});
}

TEST(RunLimit, OfTimeEndsTheProgramWith124)
{
  const command_result run = run_with("embed_alone", {"--invoke", "alone_spin", "--timeout", "0.2"});
  EXPECT_TRUE(ends_with(run, 124)) << run.err;
  EXPECT_TRUE(run.err.contains("the program has run for 0.2 seconds, which --timeout allows")) << run.err;
}

TEST(RunLimit, OfLibrariesFailsTheLoad)
{
  const command_result run = run_with("needed_constructors_run_before_main", {"--max-libraries", "2"});
  EXPECT_TRUE(ends_with(run, 127)) << run.err;
  EXPECT_TRUE(run.err.contains("more than 2 libraries would be open at once")) << run.err;
  EXPECT_TRUE(succeeds(run_with("needed_constructors_run_before_main", {"--max-libraries", "3"})));
}

TEST(RunLimit, OfOutputIsAnErrorOfTheWrite)
{
  const command_result run = run_with("static_command", {"--max-output", "3"});
  EXPECT_EQ(run.out, "ok ");
}

TEST(RunLimit, OfFilesCountsWhatIsOpenFromTheStart)
{
  const command_result run = run_with("static_command", {"--max-files", "2"});
  EXPECT_TRUE(ends_with(run, 2)) << run.err;
  EXPECT_TRUE(run.err.contains("more open files from the start")) << run.err;
}

TEST(RunLimit, MustBeANumber)
{
  for (const std::string option : {"--max-threads", "--max-libraries", "--max-files", "--max-output", "--timeout"}) {
    for (const std::string value : {"0", "none", "-1"}) {
      EXPECT_TRUE(ends_with(run_with("static_command", {option, value}), 2)) << option << " " << value;
    }
  }
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Standard input belongs to all threads: no read-ahead, no wait that holds up another thread.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

std::string hundred_bytes()
{
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    bytes.push_back(static_cast<char>(i));
  }
  return bytes;
}

command_options with_input(std::string text)
{
  command_options options;
  options.script = {{.write = std::move(text), .close_input = true}};
  return options;
}

TEST(StandardInput, GivesTwoLinesOfOneWriteAsTwoLines)
{
  EXPECT_TRUE(succeeds(run_guest("reads_two_lines", with_input("first\nsecond\n"))));
}

TEST(StandardInput, GivesTwoLinesWhileItStaysOpen)
{
  command_options options;
  options.script = {{.write = "first\nsecond\n"}};
  EXPECT_TRUE(succeeds(run_guest("reads_two_lines", options)));
}

TEST(StandardInput, IsReadyInPollBeforeAnythingWasRead)
{
  EXPECT_TRUE(succeeds(run_guest("polls_before_reading", with_input("first\nsecond\n"))));
}

TEST(StandardInput, GivesEachByteToOneOfTwoReaders)
{
  EXPECT_TRUE(succeeds(run_guest("two_threads_read_input", with_input(hundred_bytes()))));
}

} // namespace
} // namespace interlink

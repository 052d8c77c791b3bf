// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The symbols that `interlink nm` prints. It runs in the directory of the guests.
#include "tests/scenarios/support/command_run.hh"

#include <algorithm>
#include <sstream>

namespace interlink {
namespace {

using namespace test;

/// Of standard output.
std::vector<std::string> lines_of(const command_result& run)
{
  std::vector<std::string> lines;
  std::istringstream text(run.out);
  for (std::string line; std::getline(text, line);) {
    lines.push_back(line);
  }
  return lines;
}

command_result nm(std::vector<std::string> arguments)
{
  arguments.insert(arguments.begin(), "nm");
  return run_command(std::move(arguments), {});
}

bool has_line(const command_result& run, const std::string& line)
{
  const std::vector<std::string> lines = lines_of(run);
  return std::ranges::find(lines, line) != lines.end();
}

TEST(Nm, ShowsInitialisedDataAndZeroedDataWithTheirOffsets)
{
  const command_result run = nm({"libplain.so"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_TRUE(has_line(run, "00000008 D plain_value")) << run.out;
  EXPECT_TRUE(has_line(run, "00000020 B plain_zero")) << run.out;
}

TEST(Nm, ShowsFunctionsWithTheirIndices)
{
  const command_result run = nm({"libplain.so"});
  EXPECT_TRUE(has_line(run, "00000004 T plain_add")) << run.out;
}

TEST(Nm, FollowsActiveSegmentsToo)
{
  const command_result run = nm({"libunshared.so"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_TRUE(std::ranges::any_of(lines_of(run), [](const std::string& l) { return l.ends_with(" D unshared_data"); }))
      << run.out;
}

TEST(Nm, MarksThreadLocalSymbols)
{
  EXPECT_TRUE(has_line(nm({"libtls.so"}), "0000000c D tls_zero [tls]"));
}

TEST(Nm, TellsWeakUndefinedSymbolsFromStrongOnes)
{
  const command_result run = nm({"libweak.so", "libtls.so"});
  EXPECT_TRUE(has_line(run, "         w weak_function_nowhere")) << run.out;
  EXPECT_TRUE(has_line(run, "         w weak_data_nowhere")) << run.out;
  EXPECT_TRUE(has_line(run, "         U main_tls")) << run.out;
}

TEST(Nm, LeavesOutWhatTheLinkerGivesToEveryModule)
{
  const command_result run = nm({"opens_while_thread_spins.wasm"});
  for (const std::string name : {" __memory_base", " __stack_pointer", " __indirect_function_table", " memory"}) {
    EXPECT_FALSE(run.out.contains(name + "\n")) << run.out;
  }
}

TEST(Nm, SortsByNameAndShowsEachNameOnce)
{
  std::vector<std::string> names;
  for (const std::string& line : lines_of(nm({"libsqlite3.so"}))) {
    names.push_back(line.substr(11));
  }
  EXPECT_GT(names.size(), 200U);
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(Nm, HeadsEachOfSeveralFiles)
{
  const command_result run = nm({"-D", "libtls.so", "libplain.so"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_TRUE(run.out.starts_with("\nlibtls.so:\n")) << run.out;
  EXPECT_TRUE(run.out.contains("\n\nlibplain.so:\n")) << run.out;
}

TEST(Nm, ShowsOnlyUndefinedOrOnlyDefinedSymbols)
{
  EXPECT_EQ(nm({"-u", "libtls.so"}).out, "         U main_tls\n");
  const command_result defined = nm({"--defined-only", "libtls.so"});
  EXPECT_FALSE(defined.out.contains("main_tls")) << defined.out;
  EXPECT_TRUE(defined.out.contains("tls_counter")) << defined.out;
}

TEST(Nm, GoesOnAfterAFileThatCannotBeRead)
{
  const command_result run = nm({"nowhere.so", "libplain.so"});
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_TRUE(run.err.contains("nowhere.so")) << run.err;
  EXPECT_TRUE(has_line(run, "00000004 T plain_add")) << run.out;
}

} // namespace
} // namespace interlink

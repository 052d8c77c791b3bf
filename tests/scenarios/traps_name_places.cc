// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A backtrace names places in the user's files: offsets of instructions as they stand there, functions, and the lines
// of the sources that were built with -g. The sources say in comments which lines a way to trap must name.
#include "tests/scenarios/support/command_run.hh"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <regex>
#include <sstream>
#include <vector>

namespace interlink {
namespace {

using namespace test;

struct shown_frame {
  std::uint64_t offset{};
  std::string module;
  std::string function;
  std::string source; ///< file:line
};

/// The numbered lines of a backtrace that have an offset.
std::vector<shown_frame> frames_in(const std::string& text)
{
  static const std::regex line(R"(\n +\d+: 0x([0-9a-f]+) ([^!\n]*)!([^\n]*?)(?: at ([^\n]*?:\d+)(?::\d+)?)?(?=\n))");
  std::vector<shown_frame> frames;
  for (std::sregex_iterator at(text.begin(), text.end(), line); at != std::sregex_iterator(); ++at) {
    frames.push_back({std::stoull((*at)[1], nullptr, 16), (*at)[2], (*at)[3], (*at)[4]});
  }
  return frames;
}

/// `file:line` for each line of the source whose comment has the word.
std::vector<std::string> lines_in(const std::string& source, const std::string& way)
{
  const std::string path = std::string(INTERLINK_SCENARIO_GUEST_SOURCES) + "/" + source;
  std::ifstream file(path);
  const std::regex marked(".*// in: (.*, )?" + way + "(,.*)?");
  std::vector<std::string> found;
  std::string text;
  for (int line = 1; std::getline(file, text); ++line) {
    if (std::regex_match(text, marked)) {
      found.push_back(path + ":" + std::to_string(line));
    }
  }
  return found;
}

/// Each frame is at an instruction that can trap or that calls: the byte in the file says so.
void expect_instructions(const std::vector<shown_frame>& frames)
{
  constexpr unsigned char call = 0x10;
  constexpr unsigned char call_indirect = 0x11;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const std::string module = frames[i].module.substr(frames[i].module.rfind('/') + 1);
    const std::string bytes = bytes_of_guest(module);
    ASSERT_LT(frames[i].offset, bytes.size());
    const auto opcode = static_cast<unsigned char>(bytes[frames[i].offset]);
    EXPECT_TRUE(i == 0 || opcode == call || opcode == call_indirect)
        << "frame " << i << " has opcode " << static_cast<unsigned>(opcode);
  }
}

struct way_to_fail {
  std::string program;
  std::string way;
  std::vector<std::string> sources{};
};

void PrintTo(const way_to_fail& tried, std::ostream* out)
{
  *out << tried.program << " " << tried.way;
}

class Places : public testing::TestWithParam<way_to_fail> {};

TEST_P(Places, AreThoseOfTheUsersFiles)
{
  const way_to_fail& tried = GetParam();
  const command_result run = run_guest(tried.program, {.arguments = {tried.way}});
  EXPECT_TRUE(ends_with(run, 134));
  const std::vector<shown_frame> frames = frames_in(run.err);
  EXPECT_FALSE(frames.empty()) << run.err;
  expect_instructions(frames);
  std::vector<std::string> expected;
  for (const std::string& source : tried.sources) {
    std::ranges::copy(lines_in(source, tried.way), std::back_inserter(expected));
  }
  EXPECT_FALSE(expected.empty());
  for (const std::string& line : expected) {
    EXPECT_NE(std::ranges::find(frames, line, &shown_frame::source), frames.end()) << line << "\n" << run.err;
  }
}

std::vector<way_to_fail> ways_to_fail()
{
  std::vector<way_to_fail> all;
  for (const std::string way : {"unreachable", "divide", "out_of_bounds", "null_call", "sort", "other_type",
                                "recursion", "deep", "thread", "misaligned_wait", "behind"}) {
    all.push_back({"traps", way, {"traps.c"}});
  }
  for (const std::string way : {"library", "call_back", "constructor"}) {
    all.push_back({"traps", way, {"traps.c", "traps_library.c"}});
  }
  all.push_back({"traps", "catch_up", {"traps.c"}});
  all.push_back({"traps", "nested", {"traps.c"}});
  all.push_back({"traps", "unbound", {"traps.c", "traps_lazily.c"}});
  all.push_back({"traps", "thunk", {"traps.c", "traps_lazily.c", "traps_library.c"}});
  for (const std::string way : {"straight", "destructor", "thread", "after_catch"}) {
    all.push_back({"throws_uncaught", way, {"throws_uncaught.cc"}});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, Places, testing::ValuesIn(ways_to_fail()),
                         [](const auto& each) { return each.param.program + "_" + each.param.way; });

TEST(Backtrace, SaysThatItIsCut)
{
  const command_result run = run_guest("traps", {.arguments = {"deep"}});
  EXPECT_EQ(frames_in(run.err).size(), 20U);
  EXPECT_TRUE(run.err.ends_with("\n       the frames outside of these are not known\n")) << run.err;
}

// A start function is the linker's to run, at the start and in each thread that catches up.
TEST(Backtrace, HasThePlaceOfAStartFunction)
{
  const command_result run = run_guest("trap_in_start");
  EXPECT_TRUE(ends_with(run, 134));
  const std::vector<shown_frame> frames = frames_in(run.err);
  ASSERT_EQ(frames.size(), 2U) << run.err;
  expect_instructions(frames);
  EXPECT_EQ(frames[0].function, "traps");
  EXPECT_EQ(frames[1].function, "start");
}

std::string functions_of(const std::vector<shown_frame>& frames)
{
  std::string names;
  for (const shown_frame& frame : frames) {
    names += frame.module.substr(frame.module.rfind('/') + 1) + "!" + frame.function + "\n";
  }
  return names;
}

// Of all that stands between what trapped and the thread's own code, the user sees the start functions alone.
TEST(Backtrace, OfACatchUpHasTheStartFunctionAndWhatWasBehind)
{
  const command_result run = run_guest("traps", {.arguments = {"catch_up"}});
  EXPECT_TRUE(run.err.contains("wasm `unreachable` instruction executed")) << run.err;
  EXPECT_TRUE(functions_of(frames_in(run.err))
                  .starts_with("libtraps_in_second_start.so!traps\nlibtraps_in_second_start.so!start\n"
                               "traps.wasm!nested_body\n"))
      << run.err;
}

TEST(Backtrace, OfANestedCatchUpHasBothStartFunctions)
{
  const command_result run = run_guest("traps", {.arguments = {"nested"}});
  EXPECT_TRUE(run.err.contains("wasm `unreachable` instruction executed")) << run.err;
  EXPECT_TRUE(functions_of(frames_in(run.err))
                  .starts_with("libtraps_in_second_start.so!traps\nlibtraps_in_second_start.so!start\n"
                               "libcalls_in_second_start.so!start\ntraps.wasm!nested_body\n"))
      << run.err;
}

TEST(Backtrace, OfACallThroughAThunkHasNoThunk)
{
  EXPECT_TRUE(functions_of(frames_in(run_guest("traps", {.arguments = {"thunk"}}).err))
                  .starts_with("libtraps.so!here\nlibtraps.so!traps_in_library\nlibtraps_lazily.so!calls_lazily\n"
                               "traps.wasm!call_lazily\n"));
  const command_result unbound = run_guest("traps", {.arguments = {"unbound"}});
  EXPECT_TRUE(unbound.err.contains("traps_in_library")) << unbound.err;
  EXPECT_TRUE(functions_of(frames_in(unbound.err)).starts_with("libtraps_lazily.so!calls_lazily\n")) << unbound.err;
}

TEST(Backtrace, NamesFunctionsAndLibrariesWithoutLineTables)
{
  const command_result run = run_guest("traps_without_lines", {.arguments = {"library"}});
  EXPECT_TRUE(ends_with(run, 134));
  const std::vector<shown_frame> frames = frames_in(run.err);
  ASSERT_GT(frames.size(), 2U) << run.err;
  expect_instructions(frames);
  EXPECT_EQ(frames[0].module, "/libtraps.so");
  EXPECT_EQ(frames[0].function, "here");
  EXPECT_EQ(frames.back().module, "/traps_without_lines.wasm");
}

TEST(Backtrace, HasTheOffsetsOfAStaticProgramsFile)
{
  const command_result run = run_guest("trap_in_static");
  EXPECT_TRUE(ends_with(run, 134));
  const std::vector<shown_frame> frames = frames_in(run.err);
  ASSERT_EQ(frames.size(), 2U) << run.err;
  expect_instructions(frames);
  EXPECT_EQ(bytes_of_guest("trap_in_static.wasm")[frames[0].offset], 0); // unreachable
  EXPECT_EQ(frames[0].function, "traps");
  EXPECT_EQ(frames[1].function, "_start");
}

TEST(Addr2line, SaysOfAnOffsetWhatTheBacktraceSays)
{
  const command_result run = run_guest("traps", {.arguments = {"sort"}});
  const std::vector<shown_frame> frames = frames_in(run.err);
  ASSERT_GT(frames.size(), 2U) << run.err;
  for (const shown_frame& frame : frames) {
    std::ostringstream offset;
    offset << std::hex << frame.offset;
    const command_result said = run_command({"addr2line", guest_directory() + "/traps.wasm", offset.str()}, {});
    EXPECT_TRUE(ends_with(said, 0));
    EXPECT_TRUE(said.out.starts_with(frame.function + " at " + (frame.source.empty() ? "??:0" : frame.source)))
        << said.out;
  }
}

TEST(Addr2line, SaysWhatItDoesNotKnow)
{
  const std::string file = guest_directory() + "/traps_without_lines.wasm";
  EXPECT_EQ(run_command({"addr2line", file, "0", "0xffffffffff"}, {}).out, "?? at ??:0\n?? at ??:0\n");
  const command_result no_offset = run_command({"addr2line", file, "main"}, {});
  EXPECT_TRUE(ends_with(no_offset, 2));
  EXPECT_EQ(no_offset.err, "interlink addr2line: main is no hexadecimal offset\n");
  const scratch_directory scratch;
  scratch.write("text.wasm", "no module");
  const command_result no_module = run_command({"addr2line", scratch / "text.wasm", "0"}, {});
  EXPECT_TRUE(ends_with(no_module, 1));
  EXPECT_TRUE(no_module.err.contains("text.wasm: ")) << no_module.err;
}

} // namespace
} // namespace interlink

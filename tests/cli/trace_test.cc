// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink run --trace` and `interlink trace`, as a user has them.
#include "tests/scenarios/support/command_run.hh"

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace interlink {
namespace {

using namespace test;

const std::string guest = "needed_constructors_run_before_main";

command_result run_traced(const std::string& file)
{
  return run_guest(guest, {.options = {"--dir", guest_directory() + "::.", "--trace", file}});
}

std::string content_of(const std::string& path)
{
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Trace, OfARunIsSummarised)
{
  const scratch_directory scratch;
  const std::string file = scratch / "run.jsonl";
  const command_result ran = run_traced(file);
  EXPECT_TRUE(succeeds(ran));
  EXPECT_EQ(ran.err, "");
  const command_result told = run_command({"trace", file}, {});
  EXPECT_TRUE(ends_with(told, 0));
  EXPECT_TRUE(told.out.contains("nothing was dropped")) << told.out;
  EXPECT_TRUE(told.out.contains("operations: 1 load_modules")) << told.out;
  EXPECT_TRUE(told.out.contains("  open ")) << told.out;
  EXPECT_TRUE(told.out.contains("initialise /libchain_c.so (constructor)")) << told.out;
  const command_result again = run_command({"trace", "--to", "jsonl", file}, {});
  EXPECT_TRUE(again.out.starts_with("{\"schema\":\"interlink-trace\",\"version\":1")) << again.out;
  EXPECT_TRUE(again.out.contains("\"kind\":\"end\"}\n")) << again.out;
}

TEST(Trace, OfARunKeepsTheRules)
{
  const scratch_directory scratch;
  const std::string file = scratch / "run.jsonl";
  EXPECT_TRUE(succeeds(run_traced(file)));
  const command_result checked = run_command({"trace", "--check", file}, {});
  EXPECT_TRUE(ends_with(checked, 0));
  EXPECT_TRUE(checked.out.starts_with("all rules hold:\n")) << checked.out;
  // Without its publication an operation cannot have been seen.
  std::string text = content_of(file);
  const auto at = text.find("\"kind\":\"publish\"");
  ASSERT_NE(at, std::string::npos);
  const auto begin = text.rfind('\n', at) + 1;
  scratch.write("broken.jsonl", text.erase(begin, text.find('\n', at) + 1 - begin));
  const command_result broken = run_command({"trace", "--check", scratch / "broken.jsonl"}, {});
  EXPECT_TRUE(ends_with(broken, 1));
  EXPECT_TRUE((broken.out + broken.err).contains("each operation is published once")) << broken.out << broken.err;
}

TEST(Trace, CanBeSeenInParts)
{
  const scratch_directory scratch;
  const std::string file = scratch / "run.jsonl";
  EXPECT_TRUE(succeeds(run_traced(file)));
  const auto part = [&](std::vector<std::string> options) {
    options.insert(options.begin(), "trace");
    options.push_back(file);
    const command_result told = run_command(std::move(options), {});
    EXPECT_TRUE(ends_with(told, 0));
    return told.out;
  };
  const std::string whole = part({"--to", "jsonl"});
  const std::string operation = part({"--op", "1", "--to", "jsonl"});
  EXPECT_TRUE(operation.contains("\"kind\":\"publish\"")) << operation;
  EXPECT_TRUE(operation.contains("\"kind\":\"apply\"")) << operation;
  EXPECT_LT(operation.size(), whole.size());
  EXPECT_TRUE(part({"--library", "chain_b", "--to", "jsonl"}).contains("/libchain_b.so"));
  EXPECT_TRUE(part({"--thread", "1", "--to", "jsonl"}).contains("\"actor\":\"thread 1\""));
  EXPECT_EQ(part({"--between", "0", "1000s", "--to", "jsonl"}), whole);
  EXPECT_TRUE(part({"--follow"}).contains(" ms coordinator: publish operation 1"));
  for (const std::vector<std::string>& of_nothing : {std::vector<std::string>{"--library", "no such library"},
                                                     {"--thread", "77"},
                                                     {"--between", "1000s", "1001s"}}) {
    std::vector<std::string> words{"trace", file};
    words.insert(words.end(), of_nothing.begin(), of_nothing.end());
    const command_result nothing = run_command(std::move(words), {});
    EXPECT_TRUE(ends_with(nothing, 1));
    EXPECT_TRUE(nothing.err.contains("no event of the trace fits")) << nothing.err;
  }
}

TEST(Trace, ForABrowserIsOnePageThatNamesNoOther)
{
  const scratch_directory scratch;
  const std::string file = scratch / "run.html";
  EXPECT_TRUE(succeeds(run_traced(file)));
  const std::string page = content_of(file);
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>")) << page.substr(0, 100);
  EXPECT_TRUE(page.contains("/libchain_c.so")) << page.size();
  EXPECT_FALSE(page.contains("src=\"http")) << page.size();
  EXPECT_FALSE(page.contains("href=\"http")) << page.size();
}

TEST(Trace, ForPerfettoIsMadeAtTheEnd)
{
  const scratch_directory scratch;
  const std::string file = scratch / "run.json";
  EXPECT_TRUE(succeeds(run_traced(file)));
  EXPECT_TRUE(content_of(file).starts_with("{\"displayTimeUnit\"")) << content_of(file);
  EXPECT_EQ(content_of(file + ".part"), "");
}

TEST(Trace, ThatCannotBeWrittenIsToldOfOnceAndTheProgramGoesOn)
{
  const command_result full = run_traced("/dev/full");
  EXPECT_EQ(full.exit_code, 2) << full.err; // known before the program starts
  EXPECT_TRUE(full.err.contains("No space left on device")) << full.err;
  const scratch_directory scratch;
  const command_result nowhere = run_traced(scratch / "missing/run.jsonl");
  EXPECT_TRUE(ends_with(nowhere, 2));
  EXPECT_TRUE(nowhere.err.contains("missing/run.jsonl: No such file or directory")) << nowhere.err;
}

TEST(Trace, SaysWhatIsNoTrace)
{
  const scratch_directory scratch;
  scratch.write("text", "nonsense\n");
  const command_result told = run_command({"trace", scratch / "text"}, {});
  EXPECT_TRUE(ends_with(told, 1));
  EXPECT_TRUE(told.err.contains("line 1: this is no trace")) << told.err;
  const command_result missing = run_command({"trace", scratch / "missing"}, {});
  EXPECT_TRUE(ends_with(missing, 1));
  EXPECT_TRUE(missing.err.contains("No such file or directory")) << missing.err;
}

TEST(Trace, OfAProgramThatTrapsHasItsLastMoments)
{
  const scratch_directory scratch;
  const std::string file = scratch / "run.jsonl";
  const command_result ran =
      run_guest("traps", {.arguments = {"library"}, .options = {"--dir", guest_directory() + "::.", "--trace", file}});
  EXPECT_TRUE(ends_with(ran, 134));
  EXPECT_TRUE(content_of(file).contains("\"note\":\"stop_process\"")) << content_of(file);
}

TEST(Trace, IsPrintedAsItHappensForDebugging)
{
  const command_result ops =
      run_guest(guest, {.options = {"--dir", guest_directory() + "::."}, .environment = {"INTERLINK_DEBUG=ops"}});
  EXPECT_TRUE(succeeds(ops));
  EXPECT_TRUE(ops.err.contains(" ms coordinator: commit operation 1 load_modules for 1 groups")) << ops.err;
  EXPECT_TRUE(ops.err.contains(" ms coordinator: publish operation 1")) << ops.err;
  EXPECT_FALSE(ops.err.contains("receive")) << ops.err;
  const command_result actors =
      run_guest(guest, {.options = {"--dir", guest_directory() + "::."}, .environment = {"INTERLINK_DEBUG=actors"}});
  EXPECT_TRUE(actors.err.contains(" ms thread 1: rehearse load 1 begin")) << actors.err;
}

} // namespace
} // namespace interlink

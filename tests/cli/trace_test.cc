// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink run --trace` and `interlink trace`, as a user has them.
#include "tests/scenarios/support/command_run.hh"

#include <fstream>
#include <iterator>

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

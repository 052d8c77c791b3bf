// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The needed tree that `interlink ldd` prints. It runs in the directory of the guests.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result ldd(std::vector<std::string> arguments)
{
  arguments.insert(arguments.begin(), "ldd");
  return run_command(std::move(arguments), {});
}

std::string in_guests(const std::string& name)
{
  return guest_directory() + "/" + name;
}

TEST(Ldd, PrintsTheNeededTreeIndentedByDepth)
{
  const command_result run = ldd({"needed_constructors_run_before_main.wasm"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "    libchain_a.so => " + in_guests("libchain_a.so\n") + "        libchain_b.so => " +
                         in_guests("libchain_b.so\n") + "            libchain_c.so => " + in_guests("libchain_c.so\n"));
}

TEST(Ldd, ReadsALibraryLikeAProgram)
{
  const command_result run = ldd({"libchain_b.so"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "    libchain_c.so => " + in_guests("libchain_c.so\n"));
}

TEST(Ldd, ExpandsALibraryOnlyWhereItIsFirstShown)
{
  const command_result run = ldd({"libcycle_a.so"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "    libcycle_b.so => " + in_guests("libcycle_b.so\n") + "        libcycle_a.so => " +
                         in_guests("libcycle_a.so (shown above)\n"));
}

TEST(Ldd, FindsALibraryBesideTheFileWhereverItIsRun)
{
  const scratch_directory scratch;
  const command_result run = run_command({"ldd", in_guests("libchain_b.so")}, {.directory = scratch.path()});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "    libchain_c.so => " + in_guests("libchain_c.so\n"));
}

TEST(Ldd, ShowsPathsAsAGuestWithTheseDirectoriesSeesThem)
{
  const command_result run = ldd({"--dir", ".::/lib", "libchain_b.so"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "    libchain_c.so => /lib/libchain_c.so\n");
}

TEST(Ldd, PrefersALibraryPathToTheRuntimePath)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "libchain_c.so");
  const command_result run = ldd({"--lib-path", scratch.path(), "libchain_b.so"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "    libchain_c.so => " + scratch / "libchain_c.so\n");
}

TEST(Ldd, EndsWith1AndListsThePathsTriedForALibraryThatIsMissing)
{
  const command_result run = ldd({"libneeds_absent.so"});
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_EQ(run.out, "    libabsent.so => not found\n");
  EXPECT_TRUE(run.err.contains("tried " + in_guests("libabsent.so"))) << run.err;
}

TEST(Ldd, ShowsAllOthersWhenOneLibraryCannotBeLoaded)
{
  const scratch_directory scratch;
  scratch.copy_guest("libdiamond_top.so", "libdiamond_top.so");
  scratch.copy_guest("libdiamond_right.so", "libdiamond_right.so");
  scratch.copy_guest("libdiamond_base.so", "libdiamond_base.so");
  scratch.write("libdiamond_left.so", "no module");
  const command_result run = ldd({scratch / "libdiamond_top.so"});
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_TRUE(run.out.starts_with("    libdiamond_left.so => cannot be loaded\n    libdiamond_right.so => "))
      << run.out;
  EXPECT_TRUE(run.err.contains(scratch / "libdiamond_left.so")) << run.err;
}

TEST(Ldd, CallsAStaticProgramNotDynamic)
{
  const command_result run = ldd({"static_command.wasm"});
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_TRUE(run.err.contains("not a dynamic executable")) << run.err;
}

TEST(Ldd, SaysWhenNothingIsNeeded)
{
  const command_result run = ldd({"libplain.so"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "    needs no libraries\n");
}

TEST(Ldd, ListsWhatIsUndefinedInAProgramAndAllItNeeds)
{
  const command_result complete = ldd({"-r", "needed_constructors_run_before_main.wasm"});
  EXPECT_TRUE(ends_with(complete, 0));
  EXPECT_TRUE(complete.err.empty()) << complete.err;
  const command_result missing = ldd({"-r", "libmissing_functions.so"});
  EXPECT_TRUE(ends_with(missing, 1));
  EXPECT_TRUE(missing.err.contains("undefined symbol: missing_")) << missing.err;
  EXPECT_TRUE(missing.err.contains("libmissing_functions.so)")) << missing.err;
}

} // namespace
} // namespace interlink

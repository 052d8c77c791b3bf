// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a library is looked for: the current directory for names with a slash; else the library paths, the runtime path
// of who needs it, and the usual directories.
#include "tests/scenarios/support/command_run.hh"

#include <filesystem>

namespace interlink {
namespace {

using namespace test;

command_result open_by_name(const std::vector<std::string>& options, const std::vector<std::string>& names,
                            std::vector<std::string> arguments = {"order_own_10", "10"})
{
  arguments.insert(arguments.end(), names.begin(), names.end());
  return run_guest("opens_by_name", {.arguments = arguments, .options = options});
}

TEST(Search, FindsABareNameInADirectoryOfTheEmbedder)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "libs/libchain_c.so");
  EXPECT_TRUE(succeeds(open_by_name({"--lib-path", scratch / "libs"}, {"libchain_c.so"})));
}

TEST(Search, FindsABareNameInADirectoryThatIsGivenRelativeToTheCommands)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "inner/libs/libchain_c.so");
  EXPECT_TRUE(succeeds(run_guest("opens_by_name", {.arguments = {"order_own_10", "10", "libchain_c.so"},
                                                   .options = {"--lib-path", "../inner/./libs"},
                                                   .directory = scratch / "inner"})));
}

TEST(Search, FindsABareNameByTheProgramsRuntimePath)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "sub/libchain_c.so");
  EXPECT_TRUE(succeeds(run_guest("opens_by_runtime_path", {.arguments = {"order_own_10", "10", "libchain_c.so"},
                                                           .options = {"--dir", scratch.path() + "::."}})));
}

TEST(Search, FindsABareNameByTheGuestsLibraryPath)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "opt/libs/libchain_c.so");
  EXPECT_TRUE(succeeds(open_by_name({"--dir", scratch.path() + "::/", "--env", "LD_LIBRARY_PATH=/nowhere:/opt/libs"},
                                    {"libchain_c.so"})));
}

TEST(Search, FindsABareNameInTheUsualDirectories)
{
  for (const std::string directory : {"lib", "usr/lib", "usr/local/lib"}) {
    const scratch_directory scratch;
    scratch.copy_guest("libchain_c.so", directory + "/libchain_c.so");
    EXPECT_TRUE(succeeds(open_by_name({"--dir", scratch.path() + "::/"}, {"libchain_c.so"}))) << directory;
  }
}

TEST(Search, FindsANeededLibraryByItsUsersRuntimePath)
{
  const scratch_directory scratch;
  scratch.copy_guest("libwith_origin.so", "deep/libwith_origin.so");
  scratch.copy_guest("libchain_c.so", "deep/sub/libchain_c.so");
  EXPECT_TRUE(succeeds(
      open_by_name({"--dir", scratch.path() + "::/"}, {"./deep/libwith_origin.so"}, {"with_origin_value", "11"})));
}

TEST(Search, TriesASharedObjectAsAWasmFileToo)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "libchain_c.wasm");
  EXPECT_TRUE(succeeds(open_by_name({"--dir", scratch.path() + "::/"}, {"./libchain_c.so"})));
}

TEST(Search, StartsRelativeNamesAtTheCurrentDirectory)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "inner/libchain_c.so");
  EXPECT_TRUE(succeeds(
      open_by_name({"--dir", scratch.path() + "::/"}, {"./libchain_c.so"}, {"-d", "inner", "order_own_10", "10"})));
}

TEST(Search, KnowsOneFileUnderAllItsNames)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "libchain_c.so");
  std::filesystem::create_symlink("libchain_c.so", scratch / "alias.so");
  std::filesystem::create_hard_link(scratch / "libchain_c.so", scratch / "twin.so");
  EXPECT_TRUE(succeeds(open_by_name({"--dir", scratch.path() + "::/"}, {"./libchain_c.so", "././libchain_c.so",
                                                                        "/libchain_c.so", "./alias.so", "./twin.so"})));
}

TEST(Search, NeverLeavesThePreopenedDirectory)
{
  const scratch_directory scratch;
  scratch.copy_guest("libchain_c.so", "libchain_c.so");
  std::filesystem::create_directory(scratch / "inner");
  std::filesystem::create_symlink("../libchain_c.so", scratch / "inner/alias.so");
  for (const std::string name : {"../libchain_c.so", "./alias.so"}) {
    const command_result run = open_by_name({"--dir", (scratch / "inner") + "::/"}, {name});
    EXPECT_TRUE(ends_with(run, 1)) << name;
    EXPECT_TRUE(run.out.contains("failed: dlopen " + name)) << run.out;
  }
}

} // namespace
} // namespace interlink

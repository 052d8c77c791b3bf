// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pipes, files, sockets and other programs, by the C library of the kit.
#include "tests/scenarios/support/command_run.hh"

#include <filesystem>
#include <fstream>
#include <string>

namespace interlink {
namespace {

using namespace test;

TEST(HostCalls, ArePipesCopiesAndEvents)
{
  EXPECT_TRUE(succeeds(run_guest("uses_pipes")));
}

TEST(HostCalls, AreMappingsPermissionsAndDevices)
{
  const scratch_directory scratch;
  std::filesystem::create_directory(scratch / "tmp");
  EXPECT_TRUE(succeeds(run_guest("uses_posix_files", {.options = {"--dir", scratch.path() + "::/"}})));
  std::string text;
  std::getline(std::ifstream(scratch / "at_exit"), text, '\0');
  EXPECT_EQ(text, "written");
}

TEST(HostCalls, AreSocketsAndNames)
{
  const scratch_directory scratch;
  EXPECT_TRUE(succeeds(run_guest("uses_network", {.options = {"--dir", scratch.path() + "::/", "--net", "loopback"}})));
}

TEST(HostCalls, StartAndAwaitOtherPrograms)
{
  const scratch_directory scratch;
  std::filesystem::create_directory(scratch / "bin");
  scratch.copy_guest("spawns_programs.wasm", "bin/sh");
  scratch.copy_guest("spawns_programs.wasm", "other");
  const auto run = run_guest("spawns_programs", {.options = {"--dir", scratch.path() + "::/"}});
  EXPECT_TRUE(ends_with(run, 6));
  EXPECT_EQ(run.out, "through a pipe\nok programs\n");
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Another process makes a directory on the way of a dlopen a link to the outside, and back, and moves directories out
// and in: no library outside of the preopened directory is ever loaded.
#include "tests/scenarios/hostile/hostile_run.hh"

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <thread>

namespace interlink {
namespace {

using namespace test;

/// `inside` is the guest's; `outside` stands beside it with a library that must not be loaded.
class OpenRace : public testing::Test {
protected:
  OpenRace()
  {
    scratch.write("inside/way/lib.so", library_number(1));
    scratch.write("outside/lib.so", library_number(2));
    scratch.write("lib.so", library_number(3));
  }

  /// Opens it often under many spellings while another thread of the test makes these changes.
  command_result open_while(const std::string& directory, const std::function<void()>& change)
  {
    std::atomic<bool> is_done = false;
    std::thread other([&] {
      while (!is_done) {
        change();
      }
    });
    command_options options;
    options.options = {"--dir", scratch / "inside" + "::/"};
    options.script = {{.write = "many 3000 " + directory + " lib.so\nend\n"}};
    const command_result run = run_guest("obeys", options);
    is_done = true;
    other.join();
    return run;
  }

  const scratch_directory scratch;
};

TEST_F(OpenRace, WithADirectoryThatBecomesALink)
{
  std::filesystem::create_directory_symlink("../outside", scratch / "inside/link");
  const command_result run = open_while("./way", [&] {
    ::renameat2(AT_FDCWD, (scratch / "inside/way").c_str(), AT_FDCWD, (scratch / "inside/link").c_str(),
                RENAME_EXCHANGE);
  });
  EXPECT_TRUE(succeeds_saying(run, {"1: opened ", " others 0\n"}));
}

TEST_F(OpenRace, WithADirectoryThatMovesOut)
{
  std::filesystem::create_directories(scratch / "inside/way/deep");
  const command_result run = open_while("./way/deep/../../way", [&] {
    ::rename((scratch / "inside/way/deep").c_str(), (scratch / "outside/deep").c_str());
    ::rename((scratch / "outside/deep").c_str(), (scratch / "inside/way/deep").c_str());
  });
  EXPECT_TRUE(succeeds_saying(run, {"1: opened ", " others 0\n"}));
}

TEST_F(OpenRace, WithTheFileItself)
{
  std::filesystem::create_symlink("../../outside/lib.so", scratch / "inside/way/link");
  const command_result run = open_while("./way", [&] {
    ::renameat2(AT_FDCWD, (scratch / "inside/way/lib.so").c_str(), AT_FDCWD, (scratch / "inside/way/link").c_str(),
                RENAME_EXCHANGE);
  });
  EXPECT_TRUE(succeeds_saying(run, {"1: opened ", " others 0\n"}));
}

TEST_F(OpenRace, WithADirectoryOfTheEmbedder)
{
  std::filesystem::create_directory_symlink("../outside", scratch / "inside/link");
  std::atomic<bool> is_done = false;
  std::thread other([&] {
    while (!is_done) {
      ::renameat2(AT_FDCWD, (scratch / "inside/way").c_str(), AT_FDCWD, (scratch / "inside/link").c_str(),
                  RENAME_EXCHANGE);
    }
  });
  command_options options;
  options.options = {"--lib-path", scratch / "inside"};
  options.script = {{.write = "many 1000 " + scratch / "inside/way lib.so\nend\n"}};
  const command_result run = run_guest("obeys", options);
  is_done = true;
  other.join();
  EXPECT_TRUE(succeeds_saying(run, {"1: opened ", " others 0\n"}));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library's file changes while the program runs: another file takes its name, its bytes change in place, it goes
// away, its inode number is given to another file. What is loaded stays as it is; what is opened later is what lies
// there then.
#include "tests/scenarios/hostile/hostile_run.hh"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <thread>

namespace interlink {
namespace {

using namespace test;

/// The program obeys these lines; before line n is sent, acts[n] happens.
command_result obey(const scratch_directory& scratch, const std::vector<std::string>& lines,
                    std::map<std::size_t, std::function<void()>> acts = {})
{
  command_options options;
  options.options = {"--dir", scratch.path() + "::/"};
  options.script.clear();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // The answer to the line before.
    const std::string after = i == 0 ? std::string() : "\n" + std::to_string(i) + ": ";
    if (acts.contains(i)) {
      options.script.push_back({.after = i == 1 ? after.substr(1) : after, .act = acts[i]});
    }
    options.script.push_back({.after = i == 1 ? after.substr(1) : after, .write = lines[i] + "\n"});
  }
  return run_guest("obeys", options);
}

void replace(const scratch_directory& scratch, const std::string& name, const std::string& content)
{
  scratch.write("next", content);
  std::filesystem::rename(scratch / "next", scratch / name);
}

TEST(ReplacedLibrary, StaysAsItWasForThoseThatHaveIt)
{
  const scratch_directory scratch;
  scratch.write("lib.so", library_number(1));
  const command_result run = obey(scratch, {"open ./lib.so", "call which", "open ./lib.so", "call which", "end"},
                                  {{2, [&] { replace(scratch, "lib.so", library_number(2)); }}});
  EXPECT_TRUE(succeeds_saying(run, {"2: result 1\n", "4: result 1\n"}));
}

TEST(ReplacedLibrary, IsAnotherLibraryForWhoeverLooksAtTheFile)
{
  const scratch_directory scratch;
  scratch.write("lib.so", library_number(1));
  const command_result run =
      obey(scratch,
           {"open ./lib.so", "call which", "open .//lib.so", "call which", "thread open ./lib.so", "call which", "end"},
           {{2, [&] { replace(scratch, "lib.so", library_number(2)); }}});
  EXPECT_TRUE(succeeds_saying(run, {"2: result 1\n", "4: result 2\n", "6: result 2\n"}));
}

TEST(ReplacedLibrary, IsTheSameOneWhenItsBytesChangeInPlace)
{
  const scratch_directory scratch;
  scratch.write("lib.so", library_number(1));
  const command_result run = obey(scratch,
                                  {"open ./lib.so", "call which", "open .//lib.so", "call which",
                                   "thread open ./lib.so", "call which", "open /./lib.so", "call which", "end"},
                                  {{2, [&] { scratch.write("lib.so", library_number(2)); }},
                                   {6, [&] { std::filesystem::resize_file(scratch / "lib.so", 0); }}});
  EXPECT_TRUE(succeeds_saying(run, {"2: result 1\n", "4: result 1\n", "6: result 1\n", "8: result 1\n"}));
}

TEST(ReplacedLibrary, IsReadAnewAfterItWasRefused)
{
  const scratch_directory scratch;
  scratch.write("lib.so", "no module");
  const command_result run = obey(scratch, {"open ./lib.so", "open ./lib.so", "call which", "end"},
                                  {{1, [&] { scratch.write("lib.so", library_number(3)); }}});
  EXPECT_TRUE(succeeds_saying(run, {"1: refused", "3: result 3\n"}));
}

TEST(RemovedLibrary, StaysLoadedAndIsNotFoundAgain)
{
  const scratch_directory scratch;
  scratch.write("lib.so", library_number(1));
  const command_result run = obey(scratch, {"open ./lib.so", "thread open ./lib.so", "call which", "end"},
                                  {{1, [&] { std::filesystem::remove(scratch / "lib.so"); }}});
  EXPECT_TRUE(succeeds_saying(run, {"2: refused", "no such file", "3: result 1\n"}));
}

ino_t inode_of(const std::string& path)
{
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_ino;
}

// While a library is loaded its file is kept open, so that no other file can get its number; a file that was refused is
// let go, and the next one that is made may well get its number.
TEST(InodeNumber, OfALoadedLibraryIsNotGivenAgain)
{
  const scratch_directory scratch;
  scratch.write("lib.so", library_number(1));
  const ino_t loaded = inode_of(scratch / "lib.so");
  std::vector<ino_t> later;
  const command_result run =
      obey(scratch, {"open ./lib.so", "open ./lib2.so", "call which", "thread open ./lib.so", "call which", "end"},
           {{1, [&] {
               std::filesystem::remove(scratch / "lib.so");
               for (const std::string name : {"lib2.so", "lib3.so", "lib.so"}) {
                 scratch.write(name, library_number(2));
                 later.push_back(inode_of(scratch / name));
               }
             }}});
  EXPECT_TRUE(succeeds_saying(run, {"3: result 2\n", "5: result 2\n"}));
  EXPECT_EQ(std::ranges::count(later, loaded), 0);
}

TEST(InodeNumber, OfARefusedFileMayBeGivenToAGoodOne)
{
  const scratch_directory scratch;
  scratch.write("lib.so", "no module");
  const command_result run = obey(scratch, {"open ./lib.so", "open ./lib.so", "call which", "end"},
                                  {{1, [&] {
                                      std::filesystem::remove(scratch / "lib.so");
                                      scratch.write("lib.so", library_number(4));
                                    }}});
  EXPECT_TRUE(succeeds_saying(run, {"1: refused", "3: result 4\n"}));
}

// The file is long and short, good and bad, at any moment of a look-up.
TEST(ChangingLibrary, IsOpenedOrRefusedWhateverItsReaderSees)
{
  const scratch_directory scratch;
  const std::string good = library_number(1);
  scratch.write("lib.so", good);
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (int i = 0; !is_done; ++i) {
      if (i % 4 == 3) {
        replace(scratch, "lib.so", good);
      } else {
        scratch.write("lib.so", i % 4 == 0 ? good.substr(0, good.size() / 2) : i % 4 == 1 ? good : std::string());
      }
    }
  });
  const command_result run = obey(scratch, {"many 3000 . lib.so", "end"});
  is_done = true;
  writer.join();
  EXPECT_TRUE(succeeds_saying(run, {"1: opened ", "others 0\n"}));
}

} // namespace
} // namespace interlink

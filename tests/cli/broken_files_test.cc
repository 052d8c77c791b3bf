// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that are no modules, whichever command is given them: each says what is wrong, and none crashes.
#include "tests/scenarios/support/command_run.hh"

#include <climits>

#include <array>
#include <filesystem>

namespace interlink {
namespace {

using namespace test;

/// `ldd`, `nm` and `run` each refuse the file with their own code, and say `text`.
void expect_refused(const std::string& path, const std::string& text)
{
  struct attempt {
    std::string command;
    int exit_code;
  };

  for (const attempt& each : {attempt{"ldd", 1}, attempt{"nm", 1}, attempt{"run", 127}}) {
    const command_result run = run_command({each.command, path}, {});
    EXPECT_TRUE(ends_with(run, each.exit_code)) << each.command;
    EXPECT_TRUE(run.err.contains(path)) << run.err;
    EXPECT_TRUE(run.err.contains(text)) << run.err;
    EXPECT_EQ(run.out, "");
  }
}

TEST(BrokenFile, IsReportedWhenMissing)
{
  expect_refused("nowhere/at_all.wasm", "No such file or directory");
}

TEST(BrokenFile, IsReportedWhenItsNameIsNone)
{
  expect_refused("", "the name of the file is empty\n");
  std::string path = "a";
  while (path.size() <= PATH_MAX) {
    path += "/a";
  }
  expect_refused(path, "File name too long; name a regular file that may be read\n");
  expect_refused(std::string(NAME_MAX + 1, 'a'), "File name too long");
  expect_refused("bad\xff\nname", "No such file or directory");
}

TEST(BrokenFile, IsReportedWhenItIsADevice)
{
  expect_refused("/dev/null", "not a wasm binary: it does not start with \\0asm; the file is empty: build it again\n");
}

TEST(BrokenFile, IsReportedWhenADirectory)
{
  const scratch_directory scratch;
  expect_refused(scratch.path(), "Is a directory");
}

TEST(BrokenFile, IsReportedWhenItIsNoModule)
{
  const scratch_directory scratch;
  for (const std::string text : {"", "#!", "hello\n", "a longer text, which is no module either\n"}) {
    scratch.write("text.wasm", text);
    expect_refused(scratch / "text.wasm", "not a wasm binary");
  }
}

TEST(BrokenFile, IsReportedWhenItIsAComponent)
{
  const scratch_directory scratch;
  scratch.write("component.wasm", std::string("\0asm\x0d\0\1\0", 8));
  expect_refused(scratch / "component.wasm", "a wasm component, not a core module");
}

TEST(BrokenFile, IsReportedWhenItHasTheOldDylinkSection)
{
  const scratch_directory scratch;
  static constexpr std::array<char, 20> bytes{0, 'a', 's', 'm', 1,   0,   0,   0, 0, 10,
                                              6, 'd', 'y', 'l', 'i', 'n', 'k', 0, 0, 0};
  scratch.write("old.wasm", std::string(bytes.begin(), bytes.end()));
  expect_refused(scratch / "old.wasm", "rebuild it with a linker that writes dylink.0");
}

TEST(BrokenFile, IsReportedWithTheOffsetWhereverItIsCutShort)
{
  const scratch_directory scratch;
  const std::string whole = bytes_of_guest("libtls.so");
  for (const std::size_t size : {std::size_t{7}, std::size_t{40}, whole.size() / 3, whole.size() / 2}) {
    scratch.write("cut.so", whole.substr(0, size));
    expect_refused(scratch / "cut.so", "offset");
  }
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <sys/stat.h>

namespace interlink::wasi::testing {
namespace {

using namespace std::string_view_literals;

using path_call = outcome (*)(class system&, call_context&, guest_fd, guest_pointer, guest_size);

struct named_call {
  std::string_view name;
  path_call call;
  std::uint64_t right;
};

const std::array<named_call, 3> one_path_calls{{
    {"path_create_directory", path_create_directory, rights::path_create_directory},
    {"path_remove_directory", path_remove_directory, rights::path_remove_directory},
    {"path_unlink_file", path_unlink_file, rights::path_unlink_file},
}};

TEST(Paths, EveryCallChecksDescriptorAndRight)
{
  for (const auto& one : one_path_calls) {
    guest g;
    g.root.write("file", "");
    auto file = g.open("file");
    auto where = g.path_of("x");
    EXPECT_EQ(g.call(one.call, closed_fd, where.at, where.size), errno_code::badf) << one.name;
    EXPECT_EQ(g.call(one.call, file, where.at, where.size), errno_code::notdir) << one.name;
    ASSERT_EQ(g.call(fd_fdstat_set_rights, root_fd, rights::directory & ~one.right, 0), errno_code::success);
    EXPECT_EQ(g.call(one.call, root_fd, where.at, where.size), errno_code::notcapable) << one.name;
  }
}

TEST(Paths, EveryCallChecksTheText)
{
  guest g;
  for (const auto& one : one_path_calls) {
    EXPECT_EQ(g.call_path(one.call, ""), errno_code::noent) << one.name;
    EXPECT_EQ(g.call_path(one.call, "a\0b"sv), errno_code::inval) << one.name;
    EXPECT_EQ(g.call_path(one.call, "\xff"), errno_code::ilseq) << one.name;
    EXPECT_EQ(g.call_path(one.call, std::string(4096, 'a')), errno_code::nametoolong) << one.name;
    EXPECT_EQ(g.call_path(one.call, std::string(300, 'a')), errno_code::nametoolong) << one.name;
  }
}

TEST(Paths, CreatesAndRemovesADirectory)
{
  guest g;
  EXPECT_EQ(g.call_path(path_create_directory, "a"), errno_code::success);
  EXPECT_EQ(g.call_path(path_create_directory, "a/b"), errno_code::success);
  EXPECT_TRUE(g.root.has("a/b"));
  EXPECT_EQ(g.call_path(path_remove_directory, "a/b"), errno_code::success);
  EXPECT_FALSE(g.root.has("a/b"));
}

TEST(Paths, ATrailingSlashMeansADirectory)
{
  guest g;
  g.root.write("file", "");
  EXPECT_EQ(g.call_path(path_create_directory, "a/"), errno_code::success);
  EXPECT_EQ(g.call_path(path_remove_directory, "a//"), errno_code::success);
  EXPECT_EQ(g.call_path(path_unlink_file, "file/"), errno_code::notdir);
  EXPECT_TRUE(g.root.has("file"));
}

TEST(Paths, RefusesToCreateWhatExists)
{
  guest g;
  g.root.make_directory("a");
  EXPECT_EQ(g.call_path(path_create_directory, "a"), errno_code::exist);
  EXPECT_EQ(g.call_path(path_create_directory, "missing/b"), errno_code::noent);
}

TEST(Paths, RemovesOnlyEmptyDirectories)
{
  guest g;
  g.root.make_directory("a");
  g.root.write("a/file", "");
  EXPECT_EQ(g.call_path(path_remove_directory, "a"), errno_code::notempty);
  EXPECT_EQ(g.call_path(path_remove_directory, "a/file"), errno_code::notdir);
  EXPECT_EQ(g.call_path(path_remove_directory, "missing"), errno_code::noent);
}

TEST(Paths, UnlinksAFileAndNoDirectory)
{
  guest g;
  g.root.write("file", "");
  g.root.make_directory("a");
  EXPECT_EQ(g.call_path(path_unlink_file, "file"), errno_code::success);
  EXPECT_FALSE(g.root.has("file"));
  EXPECT_EQ(g.call_path(path_unlink_file, "file"), errno_code::noent);
  EXPECT_EQ(g.call_path(path_unlink_file, "a"), errno_code::isdir);
}

TEST(Paths, UnlinkingALinkLeavesItsTarget)
{
  guest g;
  g.root.write("file", "");
  g.root.make_link("file", "link");
  EXPECT_EQ(g.call_path(path_unlink_file, "link"), errno_code::success);
  EXPECT_TRUE(g.root.has("file"));
}

TEST(Paths, RenamesOverAnExistingFile)
{
  guest g;
  g.root.write("a", "new");
  g.root.write("b", "old");
  EXPECT_EQ(g.rename("a", "b"), errno_code::success);
  EXPECT_EQ(g.root.read("b"), "new");
  EXPECT_FALSE(g.root.has("a"));
}

TEST(Paths, RenamesBetweenDescriptors)
{
  guest g;
  g.root.write("a", "text");
  g.root.make_directory("inner");
  auto inner = g.open("inner", {.open_flags = open_flag::directory, .base = rights::directory});
  auto from = g.path_of("a");
  auto to = g.path_of("b");
  EXPECT_EQ(g.call(path_rename, root_fd, from.at, from.size, inner, to.at, to.size), errno_code::success);
  EXPECT_EQ(g.root.read("inner/b"), "text");
}

TEST(Paths, RenameSaysWhatIsWrong)
{
  guest g;
  g.root.make_directory("full");
  g.root.write("full/file", "");
  g.root.make_directory("empty");
  EXPECT_EQ(g.rename("missing", "x"), errno_code::noent);
  EXPECT_EQ(g.rename("empty", "full"), errno_code::notempty);
  EXPECT_EQ(g.rename("full/file", "empty"), errno_code::isdir);
  EXPECT_EQ(g.rename("full", "full/file/x"), errno_code::notdir);
}

TEST(Paths, RenameNeedsARightOnEachSide)
{
  guest g;
  g.root.write("a", "");
  g.root.make_directory("inner");
  auto inner =
      g.open("inner", {.open_flags = open_flag::directory, .base = rights::directory & ~rights::path_rename_target});
  auto from = g.path_of("a");
  EXPECT_EQ(g.call(path_rename, root_fd, from.at, from.size, inner, from.at, from.size), errno_code::notcapable);
  ASSERT_EQ(g.call(fd_fdstat_set_rights, root_fd, rights::directory & ~rights::path_rename_source, 0),
            errno_code::success);
  EXPECT_EQ(g.rename("a", "b"), errno_code::notcapable);
}

TEST(Paths, LinksAFile)
{
  guest g;
  g.root.write("a", "text");
  EXPECT_EQ(g.link("a", "b"), errno_code::success);
  ASSERT_EQ(g.stat("b", 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 24), 2U);
}

TEST(Paths, LinksALinkItselfOrItsTarget)
{
  guest g;
  g.root.write("a", "text");
  g.root.make_link("a", "link");
  EXPECT_EQ(g.link("link", "same-link"), errno_code::success);
  EXPECT_EQ(g.readlink("same-link"), "a");
  EXPECT_EQ(g.link("link", "same-file", follow), errno_code::success);
  EXPECT_EQ(g.readlink("same-file").error(), errno_code::inval);
  EXPECT_EQ(g.root.read("same-file"), "text");
}

TEST(Paths, LinkSaysWhatIsWrong)
{
  guest g;
  g.root.write("a", "");
  g.root.make_directory("inner");
  EXPECT_EQ(g.link("missing", "b"), errno_code::noent);
  EXPECT_EQ(g.link("inner", "b"), errno_code::perm);
  EXPECT_EQ(g.link("a", "inner"), errno_code::exist);
  EXPECT_EQ(g.link("a", "b", 2), errno_code::inval);
}

TEST(Paths, MakesAndReadsASymbolicLink)
{
  guest g;
  EXPECT_EQ(g.symlink("some/where", "link"), errno_code::success);
  EXPECT_EQ(g.readlink("link"), "some/where");
}

TEST(Paths, ALinkThatDoesNotFitIsCut)
{
  guest g;
  g.root.make_link("0123456789", "link");
  EXPECT_EQ(g.readlink("link", 4), "0123");
  EXPECT_EQ(g.readlink("link", 0), "");
}

TEST(Paths, ReadlinkSaysWhatIsWrong)
{
  guest g;
  g.root.write("file", "");
  EXPECT_EQ(g.readlink("file").error(), errno_code::inval);
  EXPECT_EQ(g.readlink("missing").error(), errno_code::noent);
}

TEST(Paths, SymlinkSaysWhatIsWrong)
{
  guest g;
  g.root.write("file", "");
  EXPECT_EQ(g.symlink("x", "file"), errno_code::exist);
  EXPECT_EQ(g.symlink("", "link"), errno_code::noent);
  EXPECT_EQ(g.symlink("x", "missing/link"), errno_code::noent);
}

TEST(Paths, StatusFollowsALinkOnlyWhenAsked)
{
  guest g;
  g.root.write("file", "12345");
  g.root.make_link("file", "link");
  ASSERT_EQ(g.stat("link", 64, follow), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint8_t>(64 + 16), static_cast<std::uint8_t>(file_type::regular_file));
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 32), 5U);
  ASSERT_EQ(g.stat("link", 64, 0), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint8_t>(64 + 16), static_cast<std::uint8_t>(file_type::symbolic_link));
}

TEST(Paths, StatusSaysWhatIsWrong)
{
  guest g;
  g.root.write("file", "");
  g.root.make_link("loop", "loop");
  EXPECT_EQ(g.stat("missing", 64), errno_code::noent);
  EXPECT_EQ(g.stat("file/x", 64), errno_code::notdir);
  EXPECT_EQ(g.stat("loop", 64), errno_code::loop);
  EXPECT_EQ(g.stat("file", 64, 2), errno_code::inval);
}

TEST(Paths, SetsTheTimesOfALinkItself)
{
  guest g;
  g.root.write("file", "");
  g.root.make_link("file", "link");
  auto where = g.path_of("link");
  constexpr std::uint64_t time = 1'000'000'000'000'000'000;
  ASSERT_EQ(g.call(path_filestat_set_times, root_fd, 0, where.at, where.size, 0, time, time_flag::modification),
            errno_code::success);
  ASSERT_EQ(g.stat("link", 64, 0), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 48), time);
  ASSERT_EQ(g.stat("link", 64, follow), errno_code::success);
  EXPECT_NE(g.memory.load<std::uint64_t>(64 + 48), time);
}

TEST(Paths, SettingTimesSaysWhatIsWrong)
{
  guest g;
  auto where = g.path_of("missing");
  EXPECT_EQ(g.call(path_filestat_set_times, root_fd, follow, where.at, where.size, 0, 0, 0), errno_code::noent);
  EXPECT_EQ(g.call(path_filestat_set_times, root_fd, follow, where.at, where.size, 0, 0, 3), errno_code::inval);
  EXPECT_EQ(g.call(path_filestat_set_times, root_fd, 4, where.at, where.size, 0, 0, 1), errno_code::inval);
}

} // namespace
} // namespace interlink::wasi::testing

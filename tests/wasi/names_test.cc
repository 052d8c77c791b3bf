// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest's view of names: its root, the directories that hold the mapped ones, and read-only ones.
#include "tests/wasi/fixture.hh"

#include <map>
#include <sys/stat.h>

namespace interlink::wasi::testing {
namespace {

constexpr open_request as_directory{.open_flags = open_flag::directory, .base = rights::directory};

/// Names and types of a directory's entries.
std::map<std::string, file_type> list(guest& g, guest_fd fd, guest_size buffer_size = 4096)
{
  std::map<std::string, file_type> entries;
  std::uint64_t cookie = 0;
  while (true) {
    const auto mark = g.memory.mark();
    const auto buffer = g.memory.reserve(buffer_size);
    const auto used = g.memory.reserve(4);
    EXPECT_EQ(g.call(fd_readdir, fd, buffer, buffer_size, cookie, used), errno_code::success);
    const auto end = buffer + g.memory.load<guest_size>(used);
    auto at = buffer;
    while (at + abi_size::dirent <= end && at + abi_size::dirent + g.memory.load<guest_size>(at + 16) <= end) {
      const auto length = g.memory.load<guest_size>(at + 16);
      entries[g.memory.text(at + abi_size::dirent, length)] =
          static_cast<file_type>(g.memory.load<std::uint8_t>(at + 20));
      cookie = g.memory.load<std::uint64_t>(at);
      at += static_cast<guest_pointer>(abi_size::dirent) + length;
    }
    g.memory.rewind(mark);
    if (end - buffer < buffer_size) {
      return entries;
    }
  }
}

/// A guest with /data and /usr/lib, and no root of its own.
class MappedDirectories : public ::testing::Test {
protected:
  MappedDirectories()
  {
    g.root.write("file", "data");
    g.root.make_directory("inner");
    lib.write("libx.so", "library");
  }

  std::string read(std::string_view path) { return g.read(g.open(path, {.directory = top}), 16).value_or("?"); }

  outcome stat(std::string_view path)
  {
    const auto where = g.path_of(path);
    return g.call(path_filestat_get, top, 0, where.at, where.size, 64);
  }

  outcome call_path(outcome (*function)(class system&, call_context&, guest_fd, guest_pointer, guest_size),
                    std::string_view path)
  {
    const auto where = g.path_of(path);
    return g.call(function, top, where.at, where.size);
  }

  scratch_directory lib;
  guest g{[this](options& o) {
    o.preopens[0].guest_name = "/data";
    o.preopens.push_back({lib.path(), "/usr/lib"});
  }};
  guest_fd top = root_fd + 2;
};

TEST_F(MappedDirectories, TheRootFollowsThemAsADirectoryOfItsOwn)
{
  ASSERT_EQ(g.call(fd_prestat_get, top, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(68), 1U);
  ASSERT_EQ(g.call(fd_prestat_dir_name, top, 64, 1), errno_code::success);
  EXPECT_EQ(g.memory.text(64, 1), "/");
  EXPECT_EQ(g.call(fd_prestat_get, top + 1, 64), errno_code::badf);
  EXPECT_EQ(g.rights_of(top), g.rights_of(root_fd));
}

TEST_F(MappedDirectories, TheRootListsThem)
{
  const std::map<std::string, file_type> expected{{".", file_type::directory},
                                                  {"..", file_type::directory},
                                                  {"data", file_type::directory},
                                                  {"usr", file_type::directory}};
  EXPECT_EQ(list(g, top), expected);
  EXPECT_EQ(list(g, top, 40), expected); // from cookie to cookie
  const auto usr = g.open("usr", {.directory = top, .open_flags = open_flag::directory, .base = rights::directory});
  EXPECT_TRUE(list(g, usr).contains("lib"));
  EXPECT_EQ(list(g, g.open("usr/lib", {.directory = top, .base = rights::fd_readdir})).count("libx.so"), 1U);
}

TEST_F(MappedDirectories, APathFromTheRootLeadsIntoThem)
{
  EXPECT_EQ(read("data/file"), "data");
  EXPECT_EQ(read("./data/./inner/../file"), "data");
  EXPECT_EQ(read("usr/lib/libx.so"), "library");
  EXPECT_EQ(read("usr/lib/../../data/file"), "data");
  EXPECT_EQ(read("../../data/file"), "data");
  for (auto path : {".", "..", "data", "data/", "data/..", "data/inner/../..", "usr", "usr/lib", "usr/lib/.."}) {
    EXPECT_EQ(stat(path), errno_code::success) << path;
    EXPECT_EQ(g.memory.load<std::uint8_t>(64 + 16), static_cast<std::uint8_t>(file_type::directory)) << path;
  }
  for (auto path : {"missing", "usr/missing", "missing/data", "data/missing", "usr/lib/missing"}) {
    EXPECT_EQ(stat(path), errno_code::noent) << path;
  }
  EXPECT_EQ(stat("data/file/"), errno_code::notdir);
}

TEST_F(MappedDirectories, ADirectoryBelowTheRootIsARootOfItsOwn)
{
  const auto usr = g.open("usr", {.directory = top, .open_flags = open_flag::directory, .base = rights::directory});
  EXPECT_EQ(g.read(g.open("lib/libx.so", {.directory = usr}), 16), "library");
  EXPECT_EQ(g.try_open("../data/file", {.directory = usr}).error(), errno_code::notcapable);
  EXPECT_EQ(g.try_open("../file").error(), errno_code::notcapable);
}

TEST_F(MappedDirectories, NothingIsMadeOrRemovedBesideThem)
{
  EXPECT_EQ(call_path(path_create_directory, "new"), errno_code::rofs);
  EXPECT_EQ(call_path(path_create_directory, "usr/new"), errno_code::rofs);
  EXPECT_EQ(call_path(path_create_directory, "data"), errno_code::exist);
  EXPECT_EQ(call_path(path_create_directory, "usr"), errno_code::exist);
  EXPECT_EQ(call_path(path_remove_directory, "usr"), errno_code::busy);
  EXPECT_FALSE(call_path(path_remove_directory, "data").is_success());
  EXPECT_EQ(call_path(path_unlink_file, "usr"), errno_code::isdir);
  EXPECT_EQ(call_path(path_unlink_file, "missing"), errno_code::noent);
  EXPECT_EQ(g.try_open("new", {.directory = top, .open_flags = open_flag::create}).error(), errno_code::rofs);
  EXPECT_EQ(g.try_open("usr", {.directory = top}).error(), errno_code::isdir); // for writing
  EXPECT_EQ(g.call(fd_filestat_set_times, top, 1, 1, 0), errno_code::rofs);
  EXPECT_EQ(g.call(fd_sync, top), errno_code::success);
  EXPECT_EQ(g.call(fd_filestat_get, top, 64), errno_code::success);
  EXPECT_TRUE(g.root.has("file"));
}

TEST_F(MappedDirectories, WithinThemTheRootChangesWhatTheyChange)
{
  EXPECT_EQ(call_path(path_create_directory, "data/new"), errno_code::success);
  EXPECT_TRUE(g.root.has("new"));
  const auto from = g.path_of("data/file");
  const auto to = g.path_of("usr/lib/file");
  EXPECT_EQ(g.call(path_rename, top, from.at, from.size, top, to.at, to.size), errno_code::success);
  EXPECT_EQ(lib.read("file"), "data");
}

TEST_F(MappedDirectories, TheCurrentDirectoryCanBeEachOfThem)
{
  EXPECT_EQ(g.system().current_directory(), "/data");
  for (auto path : {"/", "/usr", "/usr/lib", "/data/inner", "/data"}) {
    EXPECT_EQ(g.system().change_directory(path), errno_code::success) << path;
    EXPECT_EQ(g.system().current_directory(), path);
  }
  EXPECT_EQ(g.system().change_directory(".."), errno_code::success);
  EXPECT_EQ(g.system().change_directory(".."), errno_code::success);
  EXPECT_EQ(g.system().current_directory(), "/");
  EXPECT_EQ(g.system().change_directory("usr/lib"), errno_code::success);
  EXPECT_EQ(g.system().current_directory(), "/usr/lib");
  EXPECT_EQ(g.system().change_directory("/missing"), errno_code::noent);
  EXPECT_TRUE(g.system().open_guest_file("libx.so"));
  EXPECT_EQ(g.system().open_guest_file("/usr").error(), errno_code::isdir);
}

TEST(GuestRoot, ThereIsNoSecondOneBesideAMappedRoot)
{
  for (std::string name : {"/", ".", "./", "//"}) {
    guest g([&](options& o) { o.preopens[0].guest_name = name; });
    EXPECT_EQ(g.call(fd_prestat_get, root_fd + 1, 64), errno_code::badf) << name;
  }
  guest without([](options& o) { o.preopens.clear(); });
  EXPECT_EQ(without.call(fd_prestat_get, root_fd, 64), errno_code::badf);
}

TEST(GuestRoot, DotDotStaysAtTheRoot)
{
  guest g;
  g.root.write("file", "here");
  g.root.make_directory("inner");
  g.root.make_link("..", "inner/up");
  for (auto path : {"../file", "../../file", "inner/../../file", "./.././file"}) {
    EXPECT_EQ(g.read(g.open(path), 8), "here") << path;
  }
  EXPECT_EQ(g.stat("..", 64), errno_code::success);
  EXPECT_EQ(g.stat("inner/../..", 64), errno_code::success);
  EXPECT_EQ(g.call_path(path_create_directory, "../new"), errno_code::success);
  EXPECT_TRUE(g.root.has("new"));
  EXPECT_EQ(g.call_path(path_create_directory, ".."), errno_code::exist);
  EXPECT_FALSE(g.call_path(path_remove_directory, "..").is_success());
  // A link that leads to the root is in order; one that leads above it is refused wherever it is used.
  EXPECT_EQ(g.read(g.open("inner/up/file"), 8), "here");
  EXPECT_EQ(g.try_open("inner/up/../file").error(), errno_code::notcapable);
}

TEST(GuestRoot, IsNoRootWhenOpenedAgain)
{
  guest g;
  const auto again = g.open(".", as_directory);
  EXPECT_EQ(g.try_open("..", {.directory = again, .base = 0, .inheriting = 0}).error(), errno_code::notcapable);
}

TEST(InitialDirectory, IsWhereRelativePathsStart)
{
  scratch_directory files;
  files.make_directory("inner");
  files.write("inner/file", "");
  for (std::string given : {"/data/inner", "data/inner", "/data/inner/", "/data/../data/inner"}) {
    guest g([&](options& o) {
      o.preopens = {{files.path(), "/data"}};
      o.initial_directory = given;
    });
    EXPECT_EQ(g.system().current_directory(), "/data/inner") << given;
    EXPECT_TRUE(g.system().open_guest_file("file")) << given;
  }
}

TEST(InitialDirectory, IsRefusedByNameWhenTheGuestHasItNot)
{
  scratch_directory files;
  files.write("file", "");
  for (std::string given : {"/missing", "/data/missing", "/data/file"}) {
    options wanted;
    wanted.stdin_fd = wanted.stdout_fd = wanted.stderr_fd = -1;
    wanted.preopens = {{files.path(), "/data"}};
    wanted.initial_directory = given;
    const auto made = make_system(std::move(wanted));
    ASSERT_FALSE(made) << given;
    EXPECT_NE(made.error().message().find(given), std::string::npos) << made.error().message();
  }
}

/// A read-only directory with one of each, and a writable one beside it.
class ReadOnly : public ::testing::Test {
protected:
  ReadOnly()
  {
    g.root.write("file", "text");
    g.root.make_directory("inner");
    g.root.write("inner/file", "inner");
    g.root.make_link("file", "link");
  }

  outcome open(std::string_view path, const open_request& wanted)
  {
    const auto opened = g.try_open(path, wanted);
    return opened ? outcome(errno_code::success) : opened.error();
  }

  outcome both(outcome (*function)(class system&, call_context&, guest_fd, guest_pointer, guest_size, guest_fd,
                                   guest_pointer, guest_size),
               guest_fd from_fd, std::string_view from, guest_fd to_fd, std::string_view to)
  {
    const auto old_path = g.path_of(from);
    const auto new_path = g.path_of(to);
    return g.call(function, from_fd, old_path.at, old_path.size, to_fd, new_path.at, new_path.size);
  }

  scratch_directory other;
  guest g{[this](options& o) {
    o.preopens[0].is_read_only = true;
    o.preopens.push_back({other.path(), "/other"});
  }};
  static constexpr guest_fd other_fd = root_fd + 1;
};

TEST_F(ReadOnly, CanBeReadAndListed)
{
  EXPECT_EQ(g.read(g.open("file", to_read), 8), "text");
  EXPECT_EQ(g.read(g.open("link", to_read), 8), "text");
  EXPECT_EQ(list(g, root_fd).size(), 5U);
  EXPECT_EQ(g.stat("inner/file", 64), errno_code::success);
  EXPECT_EQ(g.readlink("link"), "file");
}

TEST_F(ReadOnly, NothingBeneathIsOpenedForWriting)
{
  const auto inner = g.open("inner", as_directory);
  EXPECT_EQ(open("file", to_write), errno_code::rofs);
  EXPECT_EQ(open("file", {}), errno_code::rofs);
  EXPECT_EQ(open("file", {.directory = inner}), errno_code::rofs);
  EXPECT_EQ(open("file", {.open_flags = open_flag::truncate, .base = rights::fd_read}), errno_code::rofs);
  EXPECT_EQ(open("missing", to_write), errno_code::noent);
  EXPECT_EQ(open("inner", {.base = rights::fd_write}), errno_code::isdir);
  EXPECT_EQ(g.root.read("file"), "text");
}

TEST_F(ReadOnly, OpeningToCreateFindsWhatIsThereAndMakesNothing)
{
  open_request wanted = to_read;
  wanted.open_flags = open_flag::create;
  EXPECT_EQ(open("file", wanted), errno_code::success);
  EXPECT_EQ(open("new", wanted), errno_code::rofs);
  EXPECT_EQ(open("missing/new", wanted), errno_code::rofs);
  wanted.open_flags |= open_flag::exclusive;
  EXPECT_EQ(open("file", wanted), errno_code::exist);
  EXPECT_FALSE(g.root.has("new"));
}

TEST_F(ReadOnly, NoCallChangesIt)
{
  const auto file = g.path_of("file");
  EXPECT_EQ(g.call_path(path_create_directory, "new"), errno_code::rofs);
  EXPECT_EQ(g.call_path(path_create_directory, "inner"), errno_code::exist); // as `mkdir -p` wants
  EXPECT_EQ(g.call_path(path_unlink_file, "file"), errno_code::rofs);
  EXPECT_EQ(g.call_path(path_remove_directory, "inner"), errno_code::rofs);
  EXPECT_EQ(g.symlink("x", "new"), errno_code::rofs);
  EXPECT_EQ(g.rename("file", "new"), errno_code::rofs);
  EXPECT_EQ(g.link("file", "new"), errno_code::rofs);
  EXPECT_EQ(g.call(path_filestat_set_times, root_fd, 0, file.at, file.size, 1, 1, time_flag::modification),
            errno_code::rofs);
  const auto fd = g.open("file", to_read);
  EXPECT_EQ(g.call(fd_filestat_set_times, fd, 1, 1, time_flag::modification), errno_code::rofs);
  EXPECT_EQ(g.call(fd_filestat_set_times, root_fd, 1, 1, time_flag::modification), errno_code::rofs);
  EXPECT_EQ(g.call(fd_filestat_set_size, fd, 0), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_sync, fd), errno_code::success);
  EXPECT_EQ(g.root.read("file"), "text");
  EXPECT_FALSE(g.root.has("new"));
}

// A second name in a writable directory would be a way to write the file.
TEST_F(ReadOnly, NothingIsMovedOrLinkedAcross)
{
  other.write("mine", "");
  const auto link = [](class system& s, call_context& c, guest_fd from, guest_pointer path, guest_size size,
                       guest_fd to, guest_pointer to_path, guest_size to_size) {
    return path_link(s, c, from, 0, path, size, to, to_path, to_size);
  };
  EXPECT_EQ(both(link, root_fd, "file", other_fd, "new"), errno_code::xdev);
  EXPECT_EQ(both(path_rename, root_fd, "file", other_fd, "new"), errno_code::xdev);
  EXPECT_EQ(both(path_rename, other_fd, "mine", root_fd, "new"), errno_code::xdev);
  EXPECT_FALSE(other.has("new"));
  EXPECT_FALSE(g.root.has("new"));
}

} // namespace
} // namespace interlink::wasi::testing

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/system.hh"

#include "tests/wasi/fixture.hh"

#include <array>
#include <fcntl.h>
#include <sys/stat.h>

namespace interlink::wasi::testing {
namespace {

options silent()
{
  options wanted;
  wanted.stdin_fd = wanted.stdout_fd = wanted.stderr_fd = -1;
  return wanted;
}

/// The detail of the error that these options must give.
error_detail refused(options wanted)
{
  auto made = make_system(std::move(wanted));
  if (made) {
    ADD_FAILURE() << "the options are accepted";
    return {};
  }
  EXPECT_EQ(made.error().code(), errc::invalid_argument);
  return made.error().detail();
}

TEST(System, NamesTheDirectoryThatCannotBeOpened)
{
  scratch_directory files;
  auto wanted = silent();
  wanted.preopens = {{files.path("missing"), "/data"}};
  auto detail = refused(wanted);
  EXPECT_NE(detail.message.find(files.path("missing")), std::string::npos);
  EXPECT_NE(detail.message.find("/data"), std::string::npos);
  EXPECT_FALSE(detail.remedy.empty());
}

TEST(System, RefusesAFileAsADirectory)
{
  scratch_directory files;
  files.write("file", "");
  auto wanted = silent();
  wanted.preopens = {{files.path("file"), "/data"}};
  EXPECT_FALSE(refused(wanted).message.empty());
}

TEST(System, RefusesADirectoryWithoutName)
{
  scratch_directory files;
  for (auto name : {std::string(), std::string("\xff"), std::string("a\0b", 3)}) {
    auto wanted = silent();
    wanted.preopens = {{files.path(), name}};
    EXPECT_FALSE(refused(wanted).remedy.empty());
  }
}

TEST(System, RefusesMalformedStrings)
{
  auto with_argument = silent();
  with_argument.args = {std::string("a\0b", 3)};
  EXPECT_FALSE(refused(with_argument).message.empty());
  for (auto variable : {"NAME", "=value", ""}) {
    auto with_variable = silent();
    with_variable.env = {variable};
    EXPECT_EQ(refused(with_variable).found, variable);
  }
}

TEST(System, RefusesAClosedStream)
{
  auto wanted = silent();
  wanted.stdout_fd = 1'000'000;
  EXPECT_NE(refused(wanted).message.find("standard output"), std::string::npos);
}

// As `program <&-` starts it. The numbers above are the embedder's own choice, and a closed one is its mistake.
TEST(System, AStandardStreamThatTheHostLacksIsClosedForTheGuest)
{
  const unique_fd kept(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  ASSERT_TRUE(kept.is_open());
  auto wanted = silent();
  wanted.stdin_fd = STDIN_FILENO;
  ::close(STDIN_FILENO);
  auto made = make_system(std::move(wanted));
  ::dup2(kept.value(), STDIN_FILENO);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ((*made)->descriptors().find(stdin_fd).error(), errno_code::badf);
}

TEST(System, NamesTheLimitOfOpenFiles)
{
  scratch_directory files;
  auto wanted = silent();
  wanted.preopens = {{files.path(), "/data"}};
  auto with_stream = silent();
  with_stream.stdin_fd = STDIN_FILENO;
  const descriptor_limit limit(lowest_free_descriptor());
  EXPECT_NE(refused(std::move(wanted)).remedy.find("ulimit -n"), std::string::npos);
  EXPECT_NE(refused(std::move(with_stream)).remedy.find("ulimit -n"), std::string::npos);
}

TEST(System, AStreamThatIsLeftOutIsClosedAndTheOthersKeepTheirNumbers)
{
  guest g([](options& o) { o.stdin_fd = -1; });
  EXPECT_EQ(g.call(fd_fdstat_get, stdin_fd, 64), errno_code::badf);
  EXPECT_EQ(g.write(stdout_fd, "x"), 1U);
  EXPECT_EQ(g.call(fd_prestat_get, root_fd, 64), errno_code::success);
}

TEST(System, AStreamThatIsADirectoryGivesNoAccessToItsTree)
{
  scratch_directory files;
  files.write("file", "");
  unique_fd directory(::open(files.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  guest g([&](options& o) { o.stdin_fd = directory.value(); });
  auto where = g.path_of("file");
  EXPECT_EQ(g.call(path_unlink_file, stdin_fd, where.at, where.size), errno_code::notcapable);
  EXPECT_EQ(g.try_open("file", {.directory = stdin_fd}).error(), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_filestat_get, stdin_fd, 64), errno_code::success);
  EXPECT_EQ(g.read(stdin_fd, 4).error(), errno_code::isdir);
}

TEST(System, TheEmbeddersDescriptorsStayOpen)
{
  auto pipe = make_pipe();
  {
    guest g([&](options& o) { o.stdout_fd = pipe.second.value(); });
    EXPECT_EQ(g.call(fd_close, stdout_fd), errno_code::success);
  }
  EXPECT_NE(::fcntl(pipe.second.value(), F_GETFD), -1);
}

TEST(System, InheritedDescriptorsFollowThePreopens)
{
  auto pipe = make_pipe();
  guest g([&](options& o) { o.inherited = {pipe.second.value()}; });
  EXPECT_EQ(g.write(root_fd + 1, "text"), 4U);
  EXPECT_EQ(pipe.read_some(), "text");
}

/// A guest with three directories: "/", "/usr" and "/usr/lib".
class GuestPaths : public ::testing::Test {
protected:
  GuestPaths() { lib.write("libx.so", "library"); }

  std::string relative(std::string_view path)
  {
    auto where = g.system().resolve_guest_path(path);
    return where ? where->relative : std::string(to_string(where.error().code()));
  }

  bool lies_in(std::string_view path, const scratch_directory& directory)
  {
    auto where = g.system().resolve_guest_path(path);
    if (!where) {
      return false;
    }
    unique_fd expected(::open(directory.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat found{};
    struct stat wanted{};
    return ::fstat(where->directory->fd.value(), &found) == 0 && ::fstat(expected.value(), &wanted) == 0 &&
           found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev;
  }

  scratch_directory usr;
  scratch_directory lib;
  guest g{[this](options& o) {
    o.preopens.push_back({usr.path(), "/usr"});
    o.preopens.push_back({lib.path(), "/usr/lib"});
  }};
};

TEST_F(GuestPaths, TheLongestNameWins)
{
  EXPECT_TRUE(lies_in("/usr/lib/libx.so", lib));
  EXPECT_TRUE(lies_in("/usr/share/x", usr));
  EXPECT_TRUE(lies_in("/usrx", g.root));
  EXPECT_TRUE(lies_in("/etc", g.root));
}

TEST_F(GuestPaths, TheRestIsRelative)
{
  EXPECT_EQ(relative("/usr/lib/a/b"), "a/b");
  EXPECT_EQ(relative("/usr/lib"), ".");
  EXPECT_EQ(relative("/"), ".");
  EXPECT_EQ(relative("//"), ".");
  EXPECT_EQ(relative("/etc/"), "etc/");
}

TEST_F(GuestPaths, DotsAreTakenTextually)
{
  EXPECT_EQ(relative("/usr/lib/../../etc"), "etc");
  EXPECT_EQ(relative("/../../etc"), "etc");
  EXPECT_TRUE(lies_in("/etc/../usr/./lib/x", lib));
}

TEST_F(GuestPaths, MalformedTextIsRefused)
{
  EXPECT_EQ(relative(""), "noent");
  EXPECT_EQ(relative("/\xff"), "ilseq");
  EXPECT_EQ(relative(std::string_view("/a\0b", 4)), "inval");
  EXPECT_EQ(relative("/" + std::string(4096, 'a')), "nametoolong");
}

TEST_F(GuestPaths, RelativeOnesStartAtTheCurrentDirectory)
{
  EXPECT_EQ(g.system().current_directory(), "/");
  ASSERT_EQ(g.system().change_directory("/usr/lib"), errno_code::success);
  EXPECT_EQ(g.system().current_directory(), "/usr/lib");
  EXPECT_EQ(relative("libx.so"), "libx.so");
  EXPECT_TRUE(lies_in("libx.so", lib));
  EXPECT_TRUE(lies_in("../share", usr));
}

TEST_F(GuestPaths, TheCurrentDirectoryChangesOnlyToADirectory)
{
  EXPECT_EQ(g.system().change_directory("/usr/lib/libx.so"), errno_code::notdir);
  EXPECT_EQ(g.system().change_directory("/missing"), errno_code::noent);
  EXPECT_EQ(g.system().change_directory(""), errno_code::noent);
  EXPECT_EQ(g.system().current_directory(), "/");
}

TEST_F(GuestPaths, ThreadsSeeAWholeCurrentDirectory)
{
  std::atomic<bool> is_done = false;
  running_call changer(g, [&](class system& s, call_context&) {
    for (int i = 0; i < 500; ++i) {
      (void)s.change_directory(i % 2 == 0 ? "/usr/lib" : "/");
    }
    is_done = true;
    return outcome(errno_code::success);
  });
  running_call looker(g, [&](class system& s, call_context&) {
    while (!is_done) {
      auto now = s.current_directory();
      if (now != "/" && now != "/usr/lib") {
        return outcome(errno_code::io);
      }
    }
    return outcome(errno_code::success);
  });
  EXPECT_EQ(changer.finish(), errno_code::success);
  EXPECT_EQ(looker.finish(), errno_code::success);
}

TEST_F(GuestPaths, OpensALibraryFile)
{
  auto opened = g.system().open_guest_file("/usr/lib/libx.so");
  ASSERT_TRUE(opened);
  std::array<char, 16> text{};
  EXPECT_EQ(::read(opened->value(), text.data(), text.size()), 7);
}

TEST_F(GuestPaths, OpensOnlyRegularFilesAndNeverWaits)
{
  lib.make_directory("inner");
  lib.make_fifo("fifo");
  EXPECT_EQ(g.system().open_guest_file("/usr/lib/inner").error(), errno_code::isdir);
  EXPECT_EQ(g.system().open_guest_file("/usr/lib/fifo").error(), errno_code::inval);
  EXPECT_EQ(g.system().open_guest_file("/usr/lib/missing").error(), errno_code::noent);
}

TEST(GuestPathsByName, ADotIsTheCurrentDirectory)
{
  guest g([](options& o) { o.preopens[0].guest_name = "."; });
  g.root.write("file", "text");
  EXPECT_EQ(g.system().current_directory(), "/");
  EXPECT_TRUE(g.system().open_guest_file("file"));
  EXPECT_TRUE(g.system().open_guest_file("./file"));
}

TEST(GuestPathsByName, AnAbsolutePathGoesToTheAbsoluteName)
{
  scratch_directory dot;
  guest g([&](options& o) { o.preopens.insert(o.preopens.begin(), {dot.path(), "."}); });
  dot.write("relative", "");
  g.root.write("absolute", "");
  EXPECT_TRUE(g.system().open_guest_file("relative"));
  EXPECT_TRUE(g.system().open_guest_file("/absolute"));
  EXPECT_EQ(g.system().open_guest_file("/relative").error(), errno_code::noent);
}

TEST(GuestPathsByName, TheFirstDirectoryIsCurrentWhenThereIsNoRoot)
{
  guest g([](options& o) { o.preopens[0].guest_name = "/data"; });
  EXPECT_EQ(g.system().current_directory(), "/data");
}

TEST(GuestPathsByName, WithoutDirectoriesNothingIsFound)
{
  guest g([](options& o) { o.preopens.clear(); });
  EXPECT_EQ(g.system().resolve_guest_path("/x").error(), errno_code::noent);
  EXPECT_EQ(g.system().resolve_guest_path("x").error(), errno_code::noent);
}

} // namespace
} // namespace interlink::wasi::testing

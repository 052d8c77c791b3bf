// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace interlink::wasi::testing {
namespace {

TEST(PathOpen, CreatesAFile)
{
  guest g;
  auto fd = g.open("new", {.open_flags = open_flag::create});
  EXPECT_EQ(g.write(fd, "text"), 4U);
  EXPECT_EQ(g.root.read("new"), "text");
}

TEST(PathOpen, AMissingFileIsNotCreatedUnasked)
{
  guest g;
  EXPECT_EQ(g.try_open("missing").error(), errno_code::noent);
  EXPECT_FALSE(g.root.has("missing"));
}

TEST(PathOpen, ExclusiveCreationRefusesWhatExists)
{
  guest g;
  g.root.write("file", "");
  EXPECT_EQ(g.try_open("file", {.open_flags = open_flag::create | open_flag::exclusive}).error(), errno_code::exist);
}

TEST(PathOpen, Truncates)
{
  guest g;
  g.root.write("file", "text");
  (void)g.open("file", {.open_flags = open_flag::truncate});
  EXPECT_EQ(g.root.read("file"), "");
}

TEST(PathOpen, ADirectoryIsOpenedWhenAskedForAndAFileIsNot)
{
  guest g;
  g.root.make_directory("inner");
  g.root.write("file", "");
  auto fd = g.open("inner", {.open_flags = open_flag::directory, .base = rights::directory});
  EXPECT_EQ(g.rights_of(fd).first & rights::path_open, rights::path_open);
  EXPECT_EQ(g.try_open("file", {.open_flags = open_flag::directory}).error(), errno_code::notdir);
}

TEST(PathOpen, ADirectoryCannotBeOpenedForWritingData)
{
  guest g;
  g.root.make_directory("inner");
  EXPECT_EQ(g.try_open("inner", {.base = rights::fd_write}).error(), errno_code::isdir);
  EXPECT_EQ(g.try_open("inner", {.open_flags = open_flag::directory, .base = rights::fd_write}).error(),
            errno_code::isdir);
}

TEST(PathOpen, OpensFilesRelativeToAnInnerDirectory)
{
  guest g;
  g.root.make_directory("inner");
  g.root.write("inner/file", "text");
  auto inner = g.open("inner", {.open_flags = open_flag::directory, .base = rights::directory});
  auto fd = g.open("file", {.directory = inner});
  EXPECT_EQ(g.read(fd, 8), "text");
}

TEST(PathOpen, ALastLinkIsFollowedOnlyWhenAsked)
{
  guest g;
  g.root.write("file", "text");
  g.root.make_link("file", "link");
  EXPECT_EQ(g.read(g.open("link"), 8), "text");
  EXPECT_EQ(g.try_open("link", {.lookup = 0}).error(), errno_code::loop);
}

TEST(PathOpen, ALinkInTheMiddleIsFollowedAlways)
{
  guest g;
  g.root.make_directory("inner");
  g.root.write("inner/file", "text");
  g.root.make_link("inner", "link");
  EXPECT_EQ(g.read(g.open("link/file", {.lookup = 0}), 8), "text");
}

TEST(PathOpen, UndefinedFlagsAreInvalid)
{
  guest g;
  g.root.write("file", "");
  EXPECT_EQ(g.try_open("file", {.lookup = 2}).error(), errno_code::inval);
  EXPECT_EQ(g.try_open("file", {.open_flags = 16}).error(), errno_code::inval);
  EXPECT_EQ(g.try_open("file", {.flags = 32}).error(), errno_code::inval);
}

TEST(PathOpen, RightsWithoutMeaningAreIgnored)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file", {.base = ~std::uint64_t{0}, .inheriting = ~std::uint64_t{0}});
  EXPECT_EQ(g.rights_of(fd).first, rights::regular_file);
}

TEST(PathOpen, GivesTheRightsThatWereAskedAndTheFileCanHave)
{
  guest g;
  g.root.write("file", "text");
  auto fd = g.open("file", {.base = rights::fd_read | rights::path_open});
  EXPECT_EQ(g.rights_of(fd), std::pair(rights::fd_read, std::uint64_t{0}));
}

TEST(PathOpen, NoRightComesBackThroughAnInnerDirectory)
{
  guest g;
  g.root.make_directory("inner");
  g.root.write("inner/file", "");
  auto inner =
      g.open("inner", {.open_flags = open_flag::directory, .base = rights::directory, .inheriting = rights::fd_read});
  EXPECT_TRUE(g.try_open("file", {.directory = inner, .base = rights::fd_read, .inheriting = 0}));
  EXPECT_EQ(g.try_open("file", {.directory = inner, .base = rights::fd_write, .inheriting = 0}).error(),
            errno_code::notcapable);
  EXPECT_EQ(g.try_open("file", {.directory = inner, .base = 0, .inheriting = rights::fd_write}).error(),
            errno_code::notcapable);
}

TEST(PathOpen, FlagsThatSyncNeedTheirRights)
{
  guest g;
  g.root.write("file", "");
  ASSERT_EQ(g.call(fd_fdstat_set_rights, root_fd, rights::directory, rights::fd_read | rights::fd_write),
            errno_code::success);
  open_request wanted{.base = rights::fd_read, .inheriting = 0};
  EXPECT_TRUE(g.try_open("file", wanted));
  wanted.flags = fd_flag::sync;
  EXPECT_EQ(g.try_open("file", wanted).error(), errno_code::notcapable);
  wanted.flags = fd_flag::dsync;
  EXPECT_EQ(g.try_open("file", wanted).error(), errno_code::notcapable);
}

TEST(PathOpen, EachFlagNeedsItsRightOnTheDirectory)
{
  guest g;
  g.root.write("file", "text");
  auto without = [&](std::uint64_t right) {
    return g.call(fd_fdstat_set_rights, root_fd, g.rights_of(root_fd).first & ~right, rights::below_directory);
  };
  ASSERT_EQ(without(rights::path_create_file), errno_code::success);
  EXPECT_EQ(g.try_open("new", {.open_flags = open_flag::create}).error(), errno_code::notcapable);
  ASSERT_EQ(without(rights::path_filestat_set_size), errno_code::success);
  EXPECT_EQ(g.try_open("file", {.open_flags = open_flag::truncate}).error(), errno_code::notcapable);
  EXPECT_TRUE(g.try_open("file"));
  ASSERT_EQ(without(rights::path_open), errno_code::success);
  EXPECT_EQ(g.try_open("file").error(), errno_code::notcapable);
  EXPECT_EQ(g.root.read("file"), "text");
}

TEST(PathOpen, ADescriptorThatIsNoDirectoryIsRefused)
{
  guest g;
  EXPECT_EQ(g.try_open("file", {.directory = stdin_fd}).error(), errno_code::notdir);
  EXPECT_EQ(g.try_open("file", {.directory = closed_fd}).error(), errno_code::badf);
}

TEST(PathOpen, ASocketIsNotOpenedByName)
{
  guest g;
  unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto name = g.root.path("socket");
  ASSERT_LT(name.size(), sizeof address.sun_path);
  name.copy(address.sun_path, name.size());
  ASSERT_EQ(::bind(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(g.try_open("socket").error(), errno_code::nxio);
}

TEST(PathOpen, ACancelledThreadOpensNothing)
{
  guest g;
  g.cancel().cancel();
  EXPECT_EQ(g.try_open("new", {.open_flags = open_flag::create}).error(), outcome::cancelled());
  EXPECT_FALSE(g.root.has("new"));
}

TEST(PathOpen, TheHostDescriptorIsNotInheritedByOtherPrograms)
{
  guest g;
  g.root.write("file", "");
  auto found = g.system().descriptors().find(g.open("file"));
  ASSERT_TRUE(found);
  EXPECT_NE(::fcntl((*found)->file->fd.value(), F_GETFD) & FD_CLOEXEC, 0);
}

} // namespace
} // namespace interlink::wasi::testing

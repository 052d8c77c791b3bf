// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calls that preview 1 lacks, and the devices that every root has.
#include "tests/wasi/fixture.hh"
#include "wasi/extension_calls.hh"

#include <sys/stat.h>

namespace interlink::wasi::testing {
namespace {

class Permissions : public ::testing::Test {
protected:
  Permissions()
  {
    g.root.write("file", "text");
    ::chmod(g.root.path("file").c_str(), 0640);
    g.root.make_link("file", "link");
  }

  outcome get(std::string_view path, std::uint32_t lookup = follow)
  {
    const auto where = g.path_of(path);
    return g.call(path_permissions_get, root_fd, lookup, where.at, where.size, result);
  }

  outcome set(std::string_view path, std::uint32_t mode, std::uint32_t lookup = follow)
  {
    const auto where = g.path_of(path);
    return g.call(path_permissions_set, root_fd, lookup, where.at, where.size, mode);
  }

  std::uint32_t stored() const { return g.memory.load<std::uint32_t>(result); }

  guest g;
  guest_pointer result = g.memory.reserve(64);
};

TEST_F(Permissions, AreReadAndSetByPath)
{
  ASSERT_EQ(get("file"), errno_code::success);
  EXPECT_EQ(stored(), 0640U);
  EXPECT_EQ(set("link", 0711), errno_code::success);
  ASSERT_EQ(get("file"), errno_code::success);
  EXPECT_EQ(stored(), 0711U);
  EXPECT_EQ(set("link", 0700, 0), errno_code::notsup);
  EXPECT_EQ(set("absent", 0700), errno_code::noent);
  g.root.make_link("../file", "out");
  EXPECT_EQ(set("out", 0700), errno_code::notcapable);
}

TEST_F(Permissions, AreReadAndSetByDescriptor)
{
  const auto fd = g.open("file");
  EXPECT_EQ(g.call(fd_permissions_set, fd, 0600), errno_code::success);
  ASSERT_EQ(g.call(fd_permissions_get, fd, result), errno_code::success);
  EXPECT_EQ(stored(), 0600U);
  EXPECT_EQ(g.call(fd_permissions_set, closed_fd, 0600), errno_code::badf);
  EXPECT_EQ(g.call(fd_permissions_get, fd, 0xffff'fffe), errno_code::fault);
}

TEST_F(Permissions, ThatOthersWouldRunTheFileByAreRefused)
{
  EXPECT_EQ(set("file", 04755), errno_code::perm);
  EXPECT_EQ(set("file", 010000), errno_code::inval);
  ASSERT_EQ(get("file"), errno_code::success);
  EXPECT_EQ(stored(), 0640U);
}

TEST_F(Permissions, BeneathAReadOnlyDirectoryStayAsTheyAre)
{
  guest other([this](options& o) { o.preopens = {{g.root.path(), "/", true}}; });
  const auto where = other.path_of("file");
  EXPECT_EQ(other.call(path_permissions_set, root_fd, follow, where.at, where.size, 0777), errno_code::rofs);
  const auto fd = other.open("file", to_read);
  EXPECT_EQ(other.call(fd_permissions_set, fd, 0777), errno_code::rofs);
}

TEST_F(Permissions, OfADirectoryThatHoldsMappedOnesAreNotSupported)
{
  guest other([this](options& o) { o.preopens = {{g.root.path(), "/a/b"}}; });
  const auto where = other.path_of("a");
  EXPECT_EQ(other.call(path_permissions_get, root_fd + 1, follow, where.at, where.size, 64), errno_code::notsup);
  EXPECT_EQ(other.call(fd_permissions_get, root_fd + 1, 64), errno_code::notsup);
  const auto file = other.path_of("a/b/file");
  EXPECT_EQ(other.call(path_permissions_get, root_fd + 1, follow, file.at, file.size, 64), errno_code::success);
}

TEST_F(Permissions, StandBesideTheFiguresOfTheFileSystem)
{
  ASSERT_EQ(g.call(fd_filesystem_get, root_fd, result), errno_code::success);
  EXPECT_GT(g.memory.load<std::uint64_t>(result), 0U);
  EXPECT_GE(g.memory.load<std::uint64_t>(result + 16), g.memory.load<std::uint64_t>(result + 24));
  EXPECT_GE(g.memory.load<std::uint64_t>(result + 56), 14U); // POSIX asks for as much
  EXPECT_EQ(g.call(fd_filesystem_get, root_fd, 0xffff'ffc8), errno_code::fault);
}

TEST(Devices, AreThereWhereNothingElseHasTheirNames)
{
  guest g([](options& o) { o.preopens.front().guest_name = "/"; });
  EXPECT_EQ(g.read(g.open("dev/zero"), 3), std::string(3, '\0'));
  EXPECT_EQ(g.read(g.open("dev/null", {.open_flags = open_flag::create | open_flag::truncate}), 3), std::string());
  EXPECT_EQ(g.write(g.open("dev/null"), "gone"), 4U);
  EXPECT_EQ(g.read(g.open("dev/urandom", to_read), 8)->size(), 8U);
  EXPECT_EQ(g.stat("dev/null", 64), errno_code::success);
  EXPECT_EQ(g.try_open("dev/tty").error(), errno_code::noent);
  EXPECT_EQ(g.try_open("dev/null/").error(), errno_code::noent);
  g.root.make_directory("dev");
  g.root.write("dev/null", "own");
  EXPECT_EQ(g.read(g.open("dev/null"), 3), "own");
}

TEST(Devices, AreNotBeneathAnotherDirectory)
{
  guest g([](options& o) { o.preopens.front().guest_name = "/data"; });
  EXPECT_EQ(g.try_open("dev/null").error(), errno_code::noent);
}

} // namespace
} // namespace interlink::wasi::testing

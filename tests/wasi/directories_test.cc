// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <map>
#include <set>

namespace interlink::wasi::testing {
namespace {

struct listed {
  std::uint64_t next;
  std::uint64_t inode;
  std::uint8_t type;
  std::string name;
};

/// The whole entries in the first `used` bytes of a buffer.
std::vector<listed> parse_entries(const fake_memory& memory, guest_pointer buffer, guest_size used)
{
  std::vector<listed> entries;
  guest_size at = 0;
  while (at + abi_size::dirent <= used) {
    auto start = buffer + at;
    auto length = memory.load<std::uint32_t>(start + 16);
    if (at + abi_size::dirent + length > used) {
      break;
    }
    entries.push_back({memory.load<std::uint64_t>(start), memory.load<std::uint64_t>(start + 8),
                       memory.load<std::uint8_t>(start + 20), memory.text(start + abi_size::dirent, length)});
    at += static_cast<guest_size>(abi_size::dirent) + length;
  }
  return entries;
}

/// Lists a directory as a libc does: with a small buffer, from cookie to cookie.
std::multiset<std::string> list(class system& s, call_context& c, const fake_memory& memory, guest_fd fd,
                                guest_pointer buffer, guest_size size)
{
  std::multiset<std::string> names;
  std::uint64_t cookie = 0;
  while (true) {
    auto how = fd_readdir(s, c, fd, buffer, size, cookie, buffer + size);
    EXPECT_EQ(how, errno_code::success);
    auto used = memory.load<std::uint32_t>(buffer + size);
    auto entries = parse_entries(memory, buffer, used);
    for (const auto& entry : entries) {
      names.insert(entry.name);
    }
    if (!how.is_success() || used < size || entries.empty()) {
      return names;
    }
    cookie = entries.back().next;
  }
}

std::multiset<std::string> make_files(const scratch_directory& root, int count)
{
  std::multiset<std::string> names{".", ".."};
  for (int i = 0; i < count; ++i) {
    auto name = "file-" + std::to_string(i);
    root.write(name, "");
    names.insert(name);
  }
  return names;
}

TEST(Directories, ListsEntriesWithTheirTypes)
{
  guest g;
  g.root.write("file", "");
  g.root.make_directory("inner");
  g.root.make_link("file", "link");
  ASSERT_EQ(g.call(fd_readdir, root_fd, 4096, 4096, 0, 64), errno_code::success);
  std::map<std::string, std::uint8_t> types;
  for (const auto& entry : parse_entries(g.memory, 4096, g.memory.load<std::uint32_t>(64))) {
    types[entry.name] = entry.type;
  }
  EXPECT_EQ(types.size(), 5U);
  EXPECT_EQ(types["file"], static_cast<std::uint8_t>(file_type::regular_file));
  EXPECT_EQ(types["inner"], static_cast<std::uint8_t>(file_type::directory));
  EXPECT_EQ(types["link"], static_cast<std::uint8_t>(file_type::symbolic_link));
  EXPECT_EQ(types[".."], static_cast<std::uint8_t>(file_type::directory));
}

TEST(Directories, AnEntryHasTheInodeThatStatusShows)
{
  guest g;
  g.root.write("file", "");
  ASSERT_EQ(g.call(fd_readdir, root_fd, 4096, 4096, 0, 64), errno_code::success);
  ASSERT_EQ(g.stat("file", 128), errno_code::success);
  for (const auto& entry : parse_entries(g.memory, 4096, g.memory.load<std::uint32_t>(64))) {
    if (entry.name == "file") {
      EXPECT_EQ(entry.inode, g.memory.load<std::uint64_t>(128 + 8));
    }
  }
}

TEST(Directories, AShortBufferIsFilledToItsEnd)
{
  guest g;
  make_files(g.root, 20);
  for (guest_size size : {1U, 23U, 24U, 25U, 60U}) {
    ASSERT_EQ(g.call(fd_readdir, root_fd, 4096, size, 0, 64), errno_code::success);
    EXPECT_EQ(g.memory.load<std::uint32_t>(64), size);
  }
  EXPECT_EQ(g.memory.load<std::uint8_t>(4096 + 60), 0U);
}

TEST(Directories, ABufferOfNoBytesTakesNothing)
{
  guest g;
  ASSERT_EQ(g.call(fd_readdir, root_fd, 4096, 0, 0, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 0U);
}

TEST(Directories, CookiesLeadThroughAllEntriesOnce)
{
  guest g;
  auto names = make_files(g.root, 100);
  EXPECT_EQ(list(g.system(), g.context(), g.memory, root_fd, 4096, 256), names);
}

// Each keeps its own place: a shared host offset would give one thread the entries of the other. Many rounds, because
// the threads must meet between the seek and the read.
TEST(Directories, TwoThreadsListOneDescriptorWithTheirOwnCookies)
{
  constexpr int rounds = 100;
  guest g;
  auto names = make_files(g.root, 60);
  auto list_often = [&](guest_pointer buffer) {
    return [&g, &names, buffer](class system& s, call_context& c) {
      for (int i = 0; i < rounds; ++i) {
        if (list(s, c, g.memory, root_fd, buffer, 128) != names) {
          return outcome(errno_code::io);
        }
      }
      return outcome(errno_code::success);
    };
  };
  running_call one(g, list_often(4096));
  running_call other(g, list_often(8192));
  EXPECT_EQ(one.finish(), errno_code::success);
  EXPECT_EQ(other.finish(), errno_code::success);
}

TEST(Directories, ACookieBeyondTheLargestOffsetIsInvalid)
{
  guest g;
  EXPECT_EQ(g.call(fd_readdir, root_fd, 4096, 256, 0x8000000000000000, 64), errno_code::inval);
}

TEST(Directories, AFileHasNoEntries)
{
  guest g;
  g.root.write("file", "");
  EXPECT_EQ(g.call(fd_readdir, g.open("file"), 4096, 256, 0, 64), errno_code::notdir);
  EXPECT_EQ(g.call(fd_readdir, stdin_fd, 4096, 256, 0, 64), errno_code::notdir);
}

TEST(Directories, ListingNeedsItsRight)
{
  guest g;
  ASSERT_EQ(g.call(fd_fdstat_set_rights, root_fd, rights::path_open, 0), errno_code::success);
  EXPECT_EQ(g.call(fd_readdir, root_fd, 4096, 256, 0, 64), errno_code::notcapable);
}

TEST(Directories, ARemovedDirectoryIsEmpty)
{
  guest g;
  g.root.make_directory("inner");
  auto fd = g.open("inner", {.open_flags = open_flag::directory, .base = rights::directory});
  ASSERT_EQ(g.call_path(path_remove_directory, "inner"), errno_code::success);
  ASSERT_EQ(g.call(fd_readdir, fd, 4096, 256, 0, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 0U);
}

TEST(Directories, ANameThatIsNotUtf8IsNotShown)
{
  guest g;
  g.root.write("\xff\xfe", "");
  EXPECT_EQ(list(g.system(), g.context(), g.memory, root_fd, 4096, 1024), (std::multiset<std::string>{".", ".."}));
}

} // namespace
} // namespace interlink::wasi::testing

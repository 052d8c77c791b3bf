// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every call that checks a right, on every kind of file: refused without the right, judged by the kernel with it.
#include "tests/wasi/fixture.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace interlink::wasi::testing {
namespace {

/// A guest with one descriptor of each kind, each with all rights that its kind can have.
struct kinds : guest {
  explicit kinds(descriptor_pair sockets)
      : guest([&](options& o) { o.inherited = {sockets.first.value()}; }), peer(std::move(sockets))
  {
    root.write("file", "contents");
    root.make_directory("directory");
    root.make_fifo("fifo");
  }

  kinds() : kinds(make_socket_pair(SOCK_STREAM)) {}

  guest_fd fd_of(std::string_view kind)
  {
    if (kind == "socket") {
      return root_fd + 1;
    }
    if (kind == "pipe") {
      return stdout_fd;
    }
    return kind == "directory" ? open("directory", {.open_flags = open_flag::directory, .base = rights::directory})
                               : open(kind);
  }

  descriptor_pair peer;
};

constexpr std::array<std::string_view, 5> all_kinds{"file", "fifo", "pipe", "socket", "directory"};

struct checked_call {
  std::string_view name;
  std::uint64_t right;
  std::function<outcome(kinds&, guest_fd)> call;
  std::uint64_t others = 0; ///< rights that the call needs besides
};

outcome poll_for(kinds& g, guest_fd fd, event_type type)
{
  const auto subscription = g.memory.reserve(abi_size::subscription);
  const auto event = g.memory.reserve(abi_size::event);
  const auto stored = g.memory.reserve(4);
  g.memory.store(subscription + 8, static_cast<std::uint8_t>(type));
  g.memory.store(subscription + 16, fd);
  const auto how = g.call(poll_oneoff, subscription, event, 1, stored);
  return how.is_success() ? outcome(static_cast<errno_code>(g.memory.load<std::uint16_t>(event + 8))) : how;
}

const std::vector<checked_call>& calls_on_descriptors()
{
  constexpr guest_pointer place = 64;
  static const std::vector<checked_call> calls{
      {"fd_datasync", rights::fd_datasync, [](kinds& g, guest_fd fd) { return g.call(fd_datasync, fd); }},
      {"fd_sync", rights::fd_sync, [](kinds& g, guest_fd fd) { return g.call(fd_sync, fd); }},
      {"fd_write", rights::fd_write, [](kinds& g, guest_fd fd) { return g.call(fd_write, fd, place, 0, place); }},
      {"fd_read", rights::fd_read, [](kinds& g, guest_fd fd) { return g.call(fd_read, fd, place, 0, place); }},
      {"fd_seek", rights::fd_seek, [](kinds& g, guest_fd fd) { return g.call(fd_seek, fd, 1, 0, place); }},
      {"fd_pread", rights::fd_read, [](kinds& g, guest_fd fd) { return g.call(fd_pread, fd, place, 0, 0, place); }},
      {"fd_pread", rights::fd_seek, [](kinds& g, guest_fd fd) { return g.call(fd_pread, fd, place, 0, 0, place); }},
      {"fd_pwrite", rights::fd_write, [](kinds& g, guest_fd fd) { return g.call(fd_pwrite, fd, place, 0, 0, place); }},
      {"fd_pwrite", rights::fd_seek, [](kinds& g, guest_fd fd) { return g.call(fd_pwrite, fd, place, 0, 0, place); }},
      {"fd_tell", rights::fd_tell | rights::fd_seek, [](kinds& g, guest_fd fd) { return g.call(fd_tell, fd, place); }},
      {"fd_fdstat_set_flags", rights::fd_fdstat_set_flags,
       [](kinds& g, guest_fd fd) { return g.call(fd_fdstat_set_flags, fd, 0); }},
      {"fd_advise", rights::fd_advise, [](kinds& g, guest_fd fd) { return g.call(fd_advise, fd, 0, 0, 0); }},
      {"fd_allocate", rights::fd_allocate, [](kinds& g, guest_fd fd) { return g.call(fd_allocate, fd, 0, 8); }},
      {"fd_readdir", rights::fd_readdir,
       [](kinds& g, guest_fd fd) { return g.call(fd_readdir, fd, place, 0, 0, place); }},
      {"fd_filestat_get", rights::fd_filestat_get,
       [](kinds& g, guest_fd fd) { return g.call(fd_filestat_get, fd, place); }},
      {"fd_filestat_set_size", rights::fd_filestat_set_size,
       [](kinds& g, guest_fd fd) { return g.call(fd_filestat_set_size, fd, 8); }},
      {"fd_filestat_set_times", rights::fd_filestat_set_times,
       [](kinds& g, guest_fd fd) { return g.call(fd_filestat_set_times, fd, 1, 1, 0); }},
      {"poll_oneoff for writing", rights::poll_fd_readwrite,
       [](kinds& g, guest_fd fd) { return poll_for(g, fd, event_type::fd_write); }, rights::fd_write},
      {"poll_oneoff for writing", rights::fd_write,
       [](kinds& g, guest_fd fd) { return poll_for(g, fd, event_type::fd_write); }},
      {"sock_send", rights::fd_write, [](kinds& g, guest_fd fd) { return g.call(sock_send, fd, place, 0, 0, place); }},
      {"sock_accept", rights::sock_accept, [](kinds& g, guest_fd fd) { return g.call(sock_accept, fd, 0, place); }},
      {"sock_shutdown", rights::sock_shutdown, [](kinds& g, guest_fd fd) { return g.call(sock_shutdown, fd, 1); }},
  };
  return calls;
}

TEST(Rights, ACallWithoutItsRightIsNotCapable)
{
  for (auto kind : all_kinds) {
    for (const auto& each : calls_on_descriptors()) {
      kinds g;
      auto fd = g.fd_of(kind);
      auto has = g.rights_of(fd).first;
      if ((has & each.right) == 0 || (has & each.others) != each.others) {
        continue;
      }
      const auto with = each.call(g, fd);
      EXPECT_NE(with, errno_code::notcapable) << each.name << " on a " << kind << " with the right";
      ASSERT_EQ(g.call(fd_fdstat_set_rights, fd, has & ~each.right, 0), errno_code::success);
      const auto without = each.call(g, fd);
      // Some calls make no sense on some kinds, and say so first.
      const bool is_refused = without == outcome(errno_code::notcapable) || without == outcome(errno_code::spipe) ||
                              without == outcome(errno_code::notsock);
      EXPECT_TRUE(is_refused) << each.name << " on a " << kind << ": " << ::testing::PrintToString(without);
    }
  }
}

// fsync of a pipe is EINVAL, a file's length of a pipe too, an advice ESPIPE: the kernel's word, not a missing right.
TEST(Rights, WhatAKindOfFileCannotDoIsSaidAsNatively)
{
  struct native_call {
    std::string_view name;
    std::function<int(int)> native;
    std::function<outcome(kinds&, guest_fd)> wasi;
  };

  const std::vector<native_call> calls{
      {"fd_sync", [](int fd) { return ::fsync(fd) == 0 ? 0 : errno; },
       [](kinds& g, guest_fd fd) { return g.call(fd_sync, fd); }},
      {"fd_datasync", [](int fd) { return ::fdatasync(fd) == 0 ? 0 : errno; },
       [](kinds& g, guest_fd fd) { return g.call(fd_datasync, fd); }},
      {"fd_advise", [](int fd) { return ::posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL); },
       [](kinds& g, guest_fd fd) { return g.call(fd_advise, fd, 0, 0, 0); }},
      {"fd_allocate", [](int fd) { return ::fallocate(fd, 0, 0, 8) == 0 ? 0 : errno; },
       [](kinds& g, guest_fd fd) { return g.call(fd_allocate, fd, 0, 8); }},
      {"fd_filestat_set_size", [](int fd) { return ::ftruncate(fd, 8) == 0 ? 0 : errno; },
       [](kinds& g, guest_fd fd) { return g.call(fd_filestat_set_size, fd, 8); }},
      {"fd_filestat_set_times", [](int fd) { return ::futimens(fd, nullptr) == 0 ? 0 : errno; },
       [](kinds& g, guest_fd fd) {
         return g.call(fd_filestat_set_times, fd, 0, 0, time_flag::access_now | time_flag::modification_now);
       }},
  };
  for (std::string_view kind : {"file", "fifo", "pipe", "socket"}) {
    for (const auto& each : calls) {
      kinds g;
      const auto fd = g.fd_of(kind);
      const auto found = g.system().descriptors().find(fd);
      ASSERT_TRUE(found);
      EXPECT_EQ(each.wasi(g, fd), from_host_errno(each.native((*found)->file->fd.value())))
          << each.name << " on a " << kind;
    }
  }
}

TEST(Rights, ADirectorysOwnRightsOpenItAgain)
{
  kinds g;
  for (auto fd : {root_fd, g.fd_of("directory")}) {
    const auto [base, inheriting] = g.rights_of(fd);
    EXPECT_TRUE(g.try_open(".", {.directory = fd, .base = base, .inheriting = inheriting}));
    EXPECT_TRUE(g.try_open(".", {.directory = fd, .base = base, .inheriting = 0}));
    for (int bit = 0; bit < 64; ++bit) {
      const auto one = std::uint64_t{1} << bit;
      if ((base & one) != 0) {
        EXPECT_TRUE(g.try_open(".", {.directory = fd, .base = one, .inheriting = 0})) << bit;
      }
    }
  }
}

// What a guest gets when it asks a directory for one right, as a directory or not.
TEST(Rights, OnlyTheRightToWriteOpensADirectoryForWriting)
{
  for (std::uint32_t open_flags : {0U, open_flag::directory}) {
    for (int bit = 0; bit < 30; ++bit) {
      kinds g;
      const auto right = std::uint64_t{1} << bit;
      const auto opened = g.try_open("directory", {.open_flags = open_flags, .base = right, .inheriting = 0});
      if (right == rights::fd_write) {
        EXPECT_EQ(opened.error(), errno_code::isdir) << open_flags;
      } else {
        ASSERT_TRUE(opened) << bit;
        EXPECT_EQ(g.rights_of(*opened).first, right & rights::directory) << bit;
      }
    }
  }
}

TEST(Rights, EachRightOfAFileCanBeAskedForAlone)
{
  for (int bit = 0; bit < 30; ++bit) {
    kinds g;
    const auto right = std::uint64_t{1} << bit;
    const auto opened = g.try_open("file", {.base = right, .inheriting = 0});
    ASSERT_TRUE(opened) << bit;
    EXPECT_EQ(g.rights_of(*opened).first, right & rights::regular_file) << bit;
  }
}

TEST(Rights, SyncingNeedsNoWritableDescriptor)
{
  guest g;
  g.root.write("file", "");
  const auto fd = g.open("file", {.base = rights::fd_read | rights::fd_datasync | rights::fd_sync});
  EXPECT_EQ(g.rights_of(fd).first, rights::fd_read | rights::fd_datasync | rights::fd_sync);
  EXPECT_EQ(g.call(fd_datasync, fd), errno_code::success);
  EXPECT_EQ(g.call(fd_sync, fd), errno_code::success);
}

struct path_call {
  std::string_view name;
  std::uint64_t right;
  std::function<outcome(guest&)> call;
};

outcome outcome_of(const expected<guest_fd>& opened)
{
  return opened ? outcome(errno_code::success) : opened.error();
}

TEST(Rights, ACallOnAPathNeedsItsRightOnTheDirectory)
{
  const std::vector<path_call> calls{
      {"path_create_directory", rights::path_create_directory,
       [](guest& g) { return g.call_path(path_create_directory, "new"); }},
      {"path_open to create", rights::path_create_file,
       [](guest& g) { return outcome_of(g.try_open("new", {.open_flags = open_flag::create})); }},
      {"path_open", rights::path_open, [](guest& g) { return outcome_of(g.try_open("file")); }},
      {"path_open to truncate", rights::path_filestat_set_size,
       [](guest& g) { return outcome_of(g.try_open("file", {.open_flags = open_flag::truncate})); }},
      {"path_link, source", rights::path_link_source, [](guest& g) { return g.link("file", "new"); }},
      {"path_link, target", rights::path_link_target, [](guest& g) { return g.link("file", "new"); }},
      {"path_readlink", rights::path_readlink,
       [](guest& g) {
         auto read = g.readlink("link");
         return read ? outcome(errno_code::success) : read.error();
       }},
      {"path_rename, source", rights::path_rename_source, [](guest& g) { return g.rename("file", "new"); }},
      {"path_rename, target", rights::path_rename_target, [](guest& g) { return g.rename("file", "new"); }},
      {"path_filestat_get", rights::path_filestat_get, [](guest& g) { return g.stat("file", 64); }},
      {"path_filestat_set_times", rights::path_filestat_set_times,
       [](guest& g) {
         auto where = g.path_of("file");
         return g.call(path_filestat_set_times, root_fd, 0, where.at, where.size, 1, 1, 0);
       }},
      {"path_symlink", rights::path_symlink, [](guest& g) { return g.symlink("file", "new"); }},
      {"path_remove_directory", rights::path_remove_directory,
       [](guest& g) { return g.call_path(path_remove_directory, "directory"); }},
      {"path_unlink_file", rights::path_unlink_file, [](guest& g) { return g.call_path(path_unlink_file, "file"); }},
      {"fd_readdir", rights::fd_readdir, [](guest& g) { return g.call(fd_readdir, root_fd, 64, 0, 0, 128); }},
  };
  for (const auto& each : calls) {
    for (bool has_right : {true, false}) {
      guest g;
      g.root.write("file", "");
      g.root.make_directory("directory");
      g.root.make_link("file", "link");
      const auto [base, inheriting] = g.rights_of(root_fd);
      ASSERT_EQ(g.call(fd_fdstat_set_rights, root_fd,
                       has_right
                           ? each.right | rights::path_open | rights::path_link_source | rights::path_link_target |
                                 rights::path_rename_source | rights::path_rename_target
                           : base & ~each.right,
                       inheriting),
                errno_code::success);
      EXPECT_EQ(each.call(g), has_right ? errno_code::success : errno_code::notcapable) << each.name;
    }
  }
}

} // namespace
} // namespace interlink::wasi::testing

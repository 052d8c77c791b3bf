// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

namespace interlink::wasi::testing {
namespace {

outcome pread(guest& g, guest_fd fd, guest_pointer buffer, guest_size size, std::uint64_t offset, guest_pointer got)
{
  return g.call(fd_pread, fd, g.iovecs({{buffer, size}}), 1, offset, got);
}

outcome pwrite(guest& g, guest_fd fd, std::string_view text, std::uint64_t offset, guest_pointer put)
{
  auto list = g.iovecs({{g.memory.place(text), static_cast<guest_size>(text.size())}});
  return g.call(fd_pwrite, fd, list, 1, offset, put);
}

TEST(FileTransfers, ReadsOnFromWhereTheLastReadEnded)
{
  guest g;
  g.root.write("file", "abcdef");
  auto fd = g.open("file");
  EXPECT_EQ(g.read(fd, 4), "abcd");
  EXPECT_EQ(g.read(fd, 4), "ef");
  EXPECT_EQ(g.read(fd, 4), "");
}

TEST(FileTransfers, ReadsIntoSeveralBuffersInOrder)
{
  guest g;
  g.root.write("file", "abcdef");
  auto fd = g.open("file");
  auto first = g.memory.reserve(2);
  auto second = g.memory.reserve(8);
  ASSERT_EQ(g.call(fd_read, fd, g.iovecs({{first, 2}, {0, 0}, {second, 8}}), 3, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 6U);
  EXPECT_EQ(g.memory.text(first, 2), "ab");
  EXPECT_EQ(g.memory.text(second, 4), "cdef");
}

TEST(FileTransfers, WritesSeveralBuffersInOrder)
{
  guest g;
  auto fd = g.open("file", {.open_flags = open_flag::create});
  auto list = g.iovecs({{g.memory.place("ab"), 2}, {g.memory.place("cde"), 3}});
  ASSERT_EQ(g.call(fd_write, fd, list, 2, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 5U);
  EXPECT_EQ(g.root.read("file"), "abcde");
}

TEST(FileTransfers, NoBuffersMoveNothing)
{
  guest g;
  g.root.write("file", "abc");
  auto fd = g.open("file");
  EXPECT_EQ(g.call(fd_read, fd, 64, 0, 72), errno_code::success);
  EXPECT_EQ(g.call(fd_write, fd, 64, 0, 72), errno_code::success);
  EXPECT_EQ(g.root.read("file"), "abc");
}

TEST(FileTransfers, MoreBuffersThanTheHostTakesGiveAShortTransfer)
{
  guest g;
  auto fd = g.open("file", {.open_flags = open_flag::create});
  constexpr guest_size count = 2000;
  auto byte = g.memory.place("x");
  auto list = g.memory.reserve(8 * count);
  for (guest_size i = 0; i < count; ++i) {
    g.memory.store(list + 8 * i, byte);
    g.memory.store(list + 8 * i + 4, std::uint32_t{1});
  }
  ASSERT_EQ(g.call(fd_write, fd, list, count, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 1024U);
}

TEST(FileTransfers, ReadingAtAPlaceLeavesTheOffset)
{
  guest g;
  g.root.write("file", "abcdef");
  auto fd = g.open("file");
  ASSERT_EQ(pread(g, fd, 128, 3, 2, 64), errno_code::success);
  EXPECT_EQ(g.memory.text(128, 3), "cde");
  EXPECT_EQ(g.read(fd, 2), "ab");
}

TEST(FileTransfers, ReadingBeyondTheEndGivesNothing)
{
  guest g;
  g.root.write("file", "abc");
  auto fd = g.open("file");
  ASSERT_EQ(pread(g, fd, 128, 3, 1'000, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 0U);
}

TEST(FileTransfers, WritingAtAPlaceLeavesTheOffset)
{
  guest g;
  g.root.write("file", "abcdef");
  auto fd = g.open("file");
  ASSERT_EQ(pwrite(g, fd, "XY", 2, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 2U);
  EXPECT_EQ(g.root.read("file"), "abXYef");
  EXPECT_EQ(g.read(fd, 2), "ab");
}

TEST(FileTransfers, AnOffsetBeyondTheLargestIsInvalid)
{
  guest g;
  g.root.write("file", "abc");
  auto fd = g.open("file");
  EXPECT_EQ(pread(g, fd, 128, 3, 0x8000000000000000, 64), errno_code::inval);
  EXPECT_EQ(pwrite(g, fd, "x", 0xffffffffffffffff, 64), errno_code::inval);
}

TEST(FileTransfers, APlaceInAPipeDoesNotExist)
{
  guest g;
  EXPECT_EQ(pread(g, stdin_fd, 128, 3, 0, 64), errno_code::spipe);
  EXPECT_EQ(pwrite(g, stdout_fd, "x", 0, 64), errno_code::spipe);
}

TEST(FileTransfers, ADirectoryIsNotRead)
{
  guest g;
  EXPECT_EQ(g.read(root_fd, 4).error(), errno_code::isdir);
  EXPECT_EQ(g.write(root_fd, "x").error(), errno_code::isdir);
  EXPECT_EQ(pread(g, root_fd, 128, 3, 0, 64), errno_code::isdir);
}

TEST(FileTransfers, AFileForReadingIsNotWritten)
{
  guest g;
  g.root.write("file", "abc");
  auto fd = g.open("file", to_read);
  EXPECT_EQ(g.write(fd, "x").error(), errno_code::notcapable);
  EXPECT_EQ(g.root.read("file"), "abc");
}

TEST(FileTransfers, AppendingWritesAtTheEndWhereverTheOffsetIs)
{
  guest g;
  g.root.write("file", "abc");
  auto fd = g.open("file", {.flags = fd_flag::append});
  ASSERT_TRUE(g.seek(fd, 0, 0));
  EXPECT_EQ(g.write(fd, "de"), 2U);
  EXPECT_EQ(g.root.read("file"), "abcde");
  EXPECT_EQ(g.seek(fd, 0, 1), 5U);
}

TEST(FileTransfers, AppendingCanBeSwitchedOff)
{
  guest g;
  g.root.write("file", "abc");
  auto fd = g.open("file", {.flags = fd_flag::append});
  ASSERT_EQ(g.call(fd_fdstat_set_flags, fd, 0), errno_code::success);
  EXPECT_EQ(g.write(fd, "X"), 1U);
  EXPECT_EQ(g.root.read("file"), "Xbc");
}

// Each thread has a descriptor of its own, and so an offset of its own, which must not matter.
TEST(FileTransfers, WritesOfThreadsThatAppendAllSurvive)
{
  guest g;
  auto line = g.iovecs({{g.memory.place("0123456789abcdef"), 16}});
  auto append = [&, line] {
    auto fd = g.open("log", {.open_flags = open_flag::create, .flags = fd_flag::append});
    auto put = g.memory.reserve(4);
    return [=](class system& s, call_context& c) {
      for (int i = 0; i < 100; ++i) {
        if (auto how = fd_write(s, c, fd, line, 1, put); !how.is_success()) {
          return how;
        }
      }
      return outcome(errno_code::success);
    };
  };
  auto write_first = append();
  auto write_second = append();
  running_call first(g, write_first);
  running_call second(g, write_second);
  EXPECT_EQ(first.finish(), errno_code::success);
  EXPECT_EQ(second.finish(), errno_code::success);
  EXPECT_EQ(g.root.read("log").size(), 2U * 100U * 16U);
}

TEST(FileTransfers, AnInheritedFileKeepsItsSharedOffset)
{
  scratch_directory files;
  files.write("input", "abcdef");
  unique_fd input(::open(files.path("input").c_str(), O_RDONLY | O_CLOEXEC));
  guest g([&](options& o) { o.stdin_fd = input.value(); });
  EXPECT_EQ(g.read(stdin_fd, 2), "ab");
  EXPECT_EQ(::lseek(input.value(), 0, SEEK_CUR), 2);
}

TEST(FileTransfers, AnInheritedFileThatAppendsSaysSoAndCannotStop)
{
  scratch_directory files;
  files.write("log", "abc");
  unique_fd log(::open(files.path("log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  guest g([&](options& o) { o.stdout_fd = log.value(); });
  EXPECT_EQ(g.flags_of(stdout_fd), fd_flag::append);
  EXPECT_EQ(g.write(stdout_fd, "d"), 1U);
  EXPECT_EQ(files.read("log"), "abcd");
  EXPECT_EQ(g.call(fd_fdstat_set_flags, stdout_fd, 0), errno_code::notsup);
}

TEST(FileTransfers, TheNullDeviceReadsAsEmptyAndTakesAll)
{
  unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  guest g([&](options& o) { o.stdin_fd = o.stdout_fd = null.value(); });
  EXPECT_EQ(g.read(stdin_fd, 8), "");
  EXPECT_EQ(g.write(stdout_fd, "text"), 4U);
}

/// While it lives, no file gets longer than this.
class file_length_limit {
public:
  explicit file_length_limit(rlim_t bytes)
  {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit lowered{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &lowered), 0);
  }

  file_length_limit(const file_length_limit&) = delete;
  file_length_limit& operator=(const file_length_limit&) = delete;

  ~file_length_limit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
  rlimit before_{};
};

// SIGXFSZ would end this process.
TEST(FileTransfers, BeyondTheHostsLimitOfLengthsIsTooBigAndEndsNobody)
{
  guest g;
  g.root.write("file", "");
  const auto fd = g.open("file");
  const auto appending = g.open("file", {.flags = fd_flag::append});
  const auto buffers = g.iovecs({{64, 64}});
  const auto size = g.memory.reserve(4);
  const file_length_limit limit(100);
  EXPECT_EQ(g.write(fd, std::string(64, 'x')), 64U);
  EXPECT_EQ(g.write(fd, std::string(64, 'x')), 36U); // as much as there is room for
  EXPECT_EQ(g.write(fd, "x").error(), errno_code::fbig);
  EXPECT_EQ(g.write(appending, "x").error(), errno_code::fbig);
  EXPECT_EQ(g.call(fd_pwrite, fd, buffers, 1, 100, size), errno_code::fbig);
  EXPECT_EQ(g.call(fd_allocate, fd, 0, 101), errno_code::fbig);
  EXPECT_EQ(g.call(fd_filestat_set_size, fd, 101), errno_code::fbig);
  sigset_t pending;
  ASSERT_EQ(::sigpending(&pending), 0);
  EXPECT_EQ(sigismember(&pending, SIGXFSZ), 0);
}

} // namespace
} // namespace interlink::wasi::testing

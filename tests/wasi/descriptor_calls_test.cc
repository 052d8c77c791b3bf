// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <array>
#include <fcntl.h>
#include <sys/stat.h>

namespace interlink::wasi::testing {
namespace {

constexpr std::uint32_t set = 0;
constexpr std::uint32_t current = 1;
constexpr std::uint32_t end = 2;

TEST(DescriptorCalls, ANumberThatIsNotOpenIsBadForEveryCall)
{
  guest g;
  EXPECT_EQ(g.call(fd_advise, closed_fd, 0, 0, 0), errno_code::badf);
  EXPECT_EQ(g.call(fd_allocate, closed_fd, 0, 1), errno_code::badf);
  EXPECT_EQ(g.call(fd_close, closed_fd), errno_code::badf);
  EXPECT_EQ(g.call(fd_datasync, closed_fd), errno_code::badf);
  EXPECT_EQ(g.call(fd_sync, closed_fd), errno_code::badf);
  EXPECT_EQ(g.call(fd_fdstat_get, closed_fd, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_fdstat_set_flags, closed_fd, 0), errno_code::badf);
  EXPECT_EQ(g.call(fd_fdstat_set_rights, closed_fd, 0, 0), errno_code::badf);
  EXPECT_EQ(g.call(fd_filestat_get, closed_fd, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_filestat_set_size, closed_fd, 0), errno_code::badf);
  EXPECT_EQ(g.call(fd_filestat_set_times, closed_fd, 0, 0, 0), errno_code::badf);
  EXPECT_EQ(g.call(fd_prestat_get, closed_fd, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_prestat_dir_name, closed_fd, 64, 8), errno_code::badf);
  EXPECT_EQ(g.call(fd_pread, closed_fd, 64, 0, 0, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_pwrite, closed_fd, 64, 0, 0, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_read, closed_fd, 64, 0, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_readdir, closed_fd, 64, 0, 0, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_renumber, closed_fd, stdin_fd), errno_code::badf);
  EXPECT_EQ(g.call(fd_seek, closed_fd, 0, 0, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_tell, closed_fd, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_write, closed_fd, 64, 0, 64), errno_code::badf);
  EXPECT_EQ(g.call(sock_accept, closed_fd, 0, 64), errno_code::badf);
  EXPECT_EQ(g.call(sock_shutdown, closed_fd, 1), errno_code::badf);
}

TEST(DescriptorCalls, AMissingRightIsNotCapable)
{
  guest g;
  g.root.write("file", "text");
  auto fd = g.open("file");
  ASSERT_EQ(g.call(fd_fdstat_set_rights, fd, 0, 0), errno_code::success);
  EXPECT_EQ(g.call(fd_advise, fd, 0, 0, 0), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_allocate, fd, 0, 1), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_datasync, fd), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_sync, fd), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_fdstat_set_flags, fd, 0), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_filestat_get, fd, 64), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_filestat_set_size, fd, 0), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_filestat_set_times, fd, 0, 0, 0), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_pread, fd, 64, 0, 0, 64), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_pwrite, fd, 64, 0, 0, 64), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_read, fd, 64, 0, 64), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_seek, fd, 0, 0, 64), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_tell, fd, 64), errno_code::notcapable);
  EXPECT_EQ(g.call(fd_write, fd, 64, 0, 64), errno_code::notcapable);
}

TEST(DescriptorCalls, AdviceGoesToTheHost)
{
  guest g;
  g.root.write("file", "text");
  auto fd = g.open("file");
  for (std::uint32_t advice = 0; advice < 6; ++advice) {
    EXPECT_EQ(g.call(fd_advise, fd, 0, 4, advice), errno_code::success) << advice;
  }
}

TEST(DescriptorCalls, UnknownAdviceAndWrappingRangesAreInvalid)
{
  guest g;
  g.root.write("file", "text");
  auto fd = g.open("file");
  EXPECT_EQ(g.call(fd_advise, fd, 0, 4, 6), errno_code::inval);
  EXPECT_EQ(g.call(fd_advise, fd, 1, 0x7fffffffffffffff, 0), errno_code::inval);
  EXPECT_EQ(g.call(fd_advise, fd, 0x8000000000000000, 0, 0), errno_code::inval);
}

TEST(DescriptorCalls, AllocatingLengthensTheFile)
{
  guest g;
  g.root.write("file", "text");
  auto fd = g.open("file");
  auto how = g.call(fd_allocate, fd, 0, 100);
  if (how == outcome(errno_code::notsup)) {
    GTEST_SKIP() << "the file system of the scratch directory cannot allocate";
  }
  EXPECT_EQ(how, errno_code::success);
  EXPECT_EQ(g.root.read("file").size(), 100U);
}

TEST(DescriptorCalls, AllocatingBeyondTheLargestOffsetIsTooBig)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file");
  EXPECT_EQ(g.call(fd_allocate, fd, 0x7fffffffffffffff, 1), errno_code::fbig);
  EXPECT_EQ(g.call(fd_filestat_set_size, fd, 0x8000000000000000), errno_code::fbig);
}

TEST(DescriptorCalls, SyncsAFile)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file");
  EXPECT_EQ(g.call(fd_datasync, fd), errno_code::success);
  EXPECT_EQ(g.call(fd_sync, fd), errno_code::success);
}

TEST(DescriptorCalls, ShowsTypeFlagsAndRights)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file", {.base = rights::fd_read, .inheriting = rights::fd_read, .flags = fd_flag::append});
  ASSERT_EQ(g.call(fd_fdstat_get, fd, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint8_t>(64), static_cast<std::uint8_t>(file_type::regular_file));
  EXPECT_EQ(g.memory.load<std::uint16_t>(66), fd_flag::append);
  EXPECT_EQ(g.memory.load<std::uint64_t>(72), rights::fd_read);
  EXPECT_EQ(g.memory.load<std::uint64_t>(80), 0U);
}

TEST(DescriptorCalls, APipeHasNoRightToSeek)
{
  guest g;
  EXPECT_EQ(g.rights_of(stdin_fd).first & (rights::fd_seek | rights::fd_tell), 0U);
  EXPECT_EQ(g.rights_of(stdin_fd).first & rights::fd_write, 0U);
  EXPECT_EQ(g.rights_of(stdout_fd).first & rights::fd_read, 0U);
}

TEST(DescriptorCalls, SetsAndClearsAppendAndNonblock)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file");
  EXPECT_EQ(g.call(fd_fdstat_set_flags, fd, fd_flag::append | fd_flag::nonblock), errno_code::success);
  EXPECT_EQ(g.flags_of(fd), fd_flag::append | fd_flag::nonblock);
  EXPECT_EQ(g.call(fd_fdstat_set_flags, fd, 0), errno_code::success);
  EXPECT_EQ(g.flags_of(fd), 0);
}

TEST(DescriptorCalls, SyncFlagsCannotBeChanged)
{
  guest g;
  g.root.write("file", "");
  auto plain = g.open("file");
  EXPECT_EQ(g.call(fd_fdstat_set_flags, plain, fd_flag::sync), errno_code::notsup);
  auto synced = g.open("file", {.flags = fd_flag::dsync});
  EXPECT_EQ(g.flags_of(synced), fd_flag::dsync);
  EXPECT_EQ(g.call(fd_fdstat_set_flags, synced, 0), errno_code::notsup);
}

TEST(DescriptorCalls, AnUnknownFlagIsInvalid)
{
  guest g;
  EXPECT_EQ(g.call(fd_fdstat_set_flags, stdin_fd, 1U << 5), errno_code::inval);
  EXPECT_EQ(g.call(fd_fdstat_set_flags, stdin_fd, 1U << 16), errno_code::inval);
}

TEST(DescriptorCalls, RightsOnlyShrink)
{
  guest g;
  auto all = g.rights_of(stdin_fd);
  EXPECT_EQ(g.call(fd_fdstat_set_rights, stdin_fd, rights::fd_read, 0), errno_code::success);
  EXPECT_EQ(g.rights_of(stdin_fd), std::pair(rights::fd_read, std::uint64_t{0}));
  EXPECT_EQ(g.call(fd_fdstat_set_rights, stdin_fd, all.first, all.second), errno_code::notcapable);
}

TEST(DescriptorCalls, StatusHasSizeTypeAndLinks)
{
  guest g;
  g.root.write("file", "12345");
  auto fd = g.open("file");
  ASSERT_EQ(g.call(fd_filestat_get, fd, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint8_t>(64 + 16), static_cast<std::uint8_t>(file_type::regular_file));
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 24), 1U);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 32), 5U);
}

TEST(DescriptorCalls, SetsTheSize)
{
  guest g;
  g.root.write("file", "12345");
  auto fd = g.open("file");
  EXPECT_EQ(g.call(fd_filestat_set_size, fd, 2), errno_code::success);
  EXPECT_EQ(g.root.read("file"), "12");
}

TEST(DescriptorCalls, SetsTimesAndLeavesOthers)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file");
  constexpr std::uint64_t first = 1'000'000'000'000'000'001;
  constexpr std::uint64_t second = 1'100'000'000'000'000'002;
  ASSERT_EQ(g.call(fd_filestat_set_times, fd, first, second, time_flag::access | time_flag::modification),
            errno_code::success);
  ASSERT_EQ(g.call(fd_filestat_set_times, fd, 5, 0, time_flag::modification), errno_code::success);
  ASSERT_EQ(g.call(fd_filestat_get, fd, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 40), first);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 48), 0U);
}

TEST(DescriptorCalls, SetsATimeToNow)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file");
  ASSERT_EQ(g.call(fd_filestat_set_times, fd, 1, 1, time_flag::access | time_flag::modification), errno_code::success);
  ASSERT_EQ(g.call(fd_filestat_set_times, fd, 1, 1, time_flag::modification_now), errno_code::success);
  ASSERT_EQ(g.call(fd_filestat_get, fd, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 40), 1U);
  EXPECT_GT(g.memory.load<std::uint64_t>(64 + 48), 1'000'000'000'000'000'000U);
}

TEST(DescriptorCalls, ContradictingOrUnknownTimeFlagsAreInvalid)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file");
  for (std::uint32_t flags : {3U, 12U, 16U, 0x80000000U}) {
    EXPECT_EQ(g.call(fd_filestat_set_times, fd, 0, 0, flags), errno_code::inval) << flags;
  }
}

TEST(DescriptorCalls, ATimeBefore1970IsShownAsTheFirst)
{
  guest g;
  g.root.write("file", "");
  const std::array<timespec, 2> times{timespec{-100, 0}, timespec{-100, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, g.root.path("file").c_str(), times.data(), 0), 0);
  ASSERT_EQ(g.stat("file", 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64 + 48), 0U);
}

TEST(DescriptorCalls, SeeksFromStartPlaceAndEnd)
{
  guest g;
  g.root.write("file", "0123456789");
  auto fd = g.open("file");
  EXPECT_EQ(g.seek(fd, 4, set), 4U);
  EXPECT_EQ(g.seek(fd, -1, current), 3U);
  EXPECT_EQ(g.seek(fd, -2, end), 8U);
  ASSERT_EQ(g.call(fd_tell, fd, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64), 8U);
}

TEST(DescriptorCalls, ASeekBeforeTheStartOrByAnUnknownWhenceIsInvalid)
{
  guest g;
  g.root.write("file", "0123456789");
  auto fd = g.open("file");
  EXPECT_EQ(g.seek(fd, -1, set).error(), errno_code::inval);
  EXPECT_EQ(g.seek(fd, 0, 3).error(), errno_code::inval);
  EXPECT_EQ(g.seek(fd, 0, 0xffffffff).error(), errno_code::inval);
}

TEST(DescriptorCalls, APipeCannotSeekOrTell)
{
  guest g;
  EXPECT_EQ(g.seek(stdin_fd, 0, current).error(), errno_code::spipe);
  EXPECT_EQ(g.call(fd_tell, stdin_fd, 64), errno_code::spipe);
}

TEST(DescriptorCalls, TheRightToTellIsEnoughForASeekByNothing)
{
  guest g;
  g.root.write("file", "0123");
  auto fd = g.open("file", {.base = rights::fd_tell});
  EXPECT_EQ(g.seek(fd, 0, current), 0U);
  EXPECT_EQ(g.seek(fd, 1, set).error(), errno_code::notcapable);
}

TEST(DescriptorCalls, NamesThePreopenedDirectory)
{
  guest g([](options& o) { o.preopens[0].guest_name = "/data"; });
  ASSERT_EQ(g.call(fd_prestat_get, root_fd, 64), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint8_t>(64), 0U);
  EXPECT_EQ(g.memory.load<std::uint32_t>(68), 5U);
  ASSERT_EQ(g.call(fd_prestat_dir_name, root_fd, 128, 5), errno_code::success);
  EXPECT_EQ(g.memory.text(128, 6), std::string("/data\0", 6));
}

TEST(DescriptorCalls, ABufferShorterThanTheNameIsTooShort)
{
  guest g([](options& o) { o.preopens[0].guest_name = "/data"; });
  EXPECT_EQ(g.call(fd_prestat_dir_name, root_fd, 128, 4), errno_code::nametoolong);
}

// Guests count their preopened directories until the first badf.
TEST(DescriptorCalls, WhatIsNoPreopenIsBadForPrestat)
{
  guest g;
  g.root.make_directory("inner");
  auto fd = g.open("inner", {.open_flags = open_flag::directory, .base = rights::directory});
  EXPECT_EQ(g.call(fd_prestat_get, fd, 64), errno_code::badf);
  EXPECT_EQ(g.call(fd_prestat_dir_name, fd, 64, 8), errno_code::badf);
  EXPECT_EQ(g.call(fd_prestat_get, stdin_fd, 64), errno_code::badf);
}

TEST(DescriptorCalls, RenumbersAFileOverAStream)
{
  guest g;
  g.root.write("file", "text");
  auto fd = g.open("file");
  ASSERT_EQ(g.call(fd_renumber, fd, stdin_fd), errno_code::success);
  EXPECT_EQ(g.read(stdin_fd, 4), "text");
  EXPECT_EQ(g.call(fd_close, fd), errno_code::badf);
}

TEST(DescriptorCalls, ARenumberClosesWhatWasThere)
{
  guest g;
  g.root.write("file", "text");
  auto fd = g.open("file");
  g.out.close_second();
  ASSERT_EQ(g.call(fd_renumber, fd, stdout_fd), errno_code::success);
  EXPECT_EQ(g.out.read_some(), "");
}

TEST(DescriptorCalls, RenumbersOnlyOntoAnOpenDescriptor)
{
  guest g;
  EXPECT_EQ(g.call(fd_renumber, stdin_fd, closed_fd), errno_code::badf);
}

TEST(DescriptorCalls, AClosedNumberIsUsedAgain)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file");
  ASSERT_EQ(g.call(fd_close, fd), errno_code::success);
  EXPECT_EQ(g.open("file"), fd);
}

} // namespace
} // namespace interlink::wasi::testing

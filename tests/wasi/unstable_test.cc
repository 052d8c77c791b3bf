// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the module name `wasi_unstable` has otherwise than `wasi_snapshot_preview1`; called by name, so that the table's
// choice is tested too.
#include "tests/wasi/fixture.hh"
#include "wasi/preview1.hh"

namespace interlink::wasi::testing {
namespace {

outcome unstable(guest& g, std::string_view name, const std::vector<std::uint64_t>& arguments)
{
  return find_call(unstable_calls(), name)->invoke(g.system(), g.context(), arguments);
}

TEST(Unstable, WhenceCountsFromThePlaceTheEndAndTheStart)
{
  guest g;
  g.root.write("file", "0123456789");
  auto fd = g.open("file");
  auto seek = [&](std::int64_t offset, std::uint32_t whence) {
    EXPECT_EQ(unstable(g, "fd_seek", {fd, static_cast<std::uint64_t>(offset), whence, 64}), errno_code::success);
    return g.memory.load<std::uint64_t>(64);
  };
  EXPECT_EQ(seek(4, 2), 4U);
  EXPECT_EQ(seek(1, 0), 5U);
  EXPECT_EQ(seek(-1, 1), 9U);
  EXPECT_EQ(unstable(g, "fd_seek", {fd, 0, 3, 64}), errno_code::inval);
}

void expect_unstable_status(const fake_memory& memory, guest_pointer at)
{
  EXPECT_EQ(memory.load<std::uint8_t>(at + 16), static_cast<std::uint8_t>(file_type::regular_file));
  EXPECT_EQ(memory.load<std::uint32_t>(at + 20), 1U);
  EXPECT_EQ(memory.load<std::uint64_t>(at + 24), 10U);
  EXPECT_GT(memory.load<std::uint64_t>(at + 40), 1'000'000'000'000'000'000U);
  EXPECT_EQ(memory.load<std::uint64_t>(at + 56), 0U);
}

TEST(Unstable, StatusOfADescriptorHasANarrowLinkCount)
{
  guest g;
  g.root.write("file", "0123456789");
  ASSERT_EQ(unstable(g, "fd_filestat_get", {g.open("file"), 64}), errno_code::success);
  expect_unstable_status(g.memory, 64);
}

TEST(Unstable, StatusOfAPathHasANarrowLinkCount)
{
  guest g;
  g.root.write("file", "0123456789");
  auto where = g.path_of("file");
  ASSERT_EQ(unstable(g, "path_filestat_get", {root_fd, follow, where.at, where.size, 64}), errno_code::success);
  expect_unstable_status(g.memory, 64);
}

TEST(Unstable, StatusNeedsOnlyItsOwnSize)
{
  guest g;
  g.root.write("file", "");
  auto fd = g.open("file");
  EXPECT_EQ(unstable(g, "fd_filestat_get", {fd, 65536 - 56}), errno_code::success);
  EXPECT_EQ(unstable(g, "fd_filestat_get", {fd, 65536 - 55}), errno_code::fault);
  EXPECT_EQ(g.call(fd_filestat_get, fd, 65536 - 56), errno_code::fault);
}

TEST(Unstable, ASubscriptionToAClockHasAnIdentifier)
{
  guest g;
  constexpr guest_pointer sub = 1024;
  g.memory.store(sub, std::uint64_t{42});        // user data
  g.memory.store(sub + 16, ~std::uint64_t{0});   // identifier: must not be taken for the clock
  g.memory.store(sub + 24, std::uint32_t{1});    // monotonic
  g.memory.store(sub + 32, std::uint64_t{1000}); // a microsecond
  ASSERT_EQ(unstable(g, "poll_oneoff", {sub, 2048, 1, 64}), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 1U);
  EXPECT_EQ(g.memory.load<std::uint64_t>(2048), 42U);
  EXPECT_EQ(g.memory.load<std::uint16_t>(2056), 0U);
}

TEST(Unstable, SubscriptionsStandFurtherApart)
{
  guest g;
  constexpr guest_pointer first = 1024;
  constexpr guest_pointer second = first + 56;
  for (auto [sub, fd] : {std::pair(first, stdout_fd), std::pair(second, stderr_fd)}) {
    g.memory.store(sub, std::uint64_t{fd});
    g.memory.store(sub + 8, static_cast<std::uint8_t>(event_type::fd_write));
    g.memory.store(sub + 16, fd);
  }
  ASSERT_EQ(unstable(g, "poll_oneoff", {first, 2048, 2, 64}), errno_code::success);
  ASSERT_EQ(g.memory.load<std::uint32_t>(64), 2U);
  EXPECT_EQ(g.memory.load<std::uint64_t>(2048), stdout_fd);
  EXPECT_EQ(g.memory.load<std::uint64_t>(2048 + 32), stderr_fd);
}

TEST(Unstable, ListOfSubscriptionsIsCheckedWithItsOwnSize)
{
  guest g;
  EXPECT_EQ(unstable(g, "poll_oneoff", {65536 - 48, 64, 1, 128}), errno_code::fault);
}

} // namespace
} // namespace interlink::wasi::testing

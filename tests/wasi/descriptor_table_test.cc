// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/descriptor_table.hh"

#include "tests/wasi/fixture.hh"

#include <fcntl.h>

namespace interlink::wasi::testing {
namespace {

descriptor entry(std::uint64_t base = rights::fd_read, std::uint64_t inheriting = 0)
{
  return {std::make_shared<open_file>(), base, inheriting, std::nullopt};
}

TEST(DescriptorTable, GivesTheLowestFreeNumber)
{
  descriptor_table table;
  for (guest_fd fd = 0; fd < 4; ++fd) {
    EXPECT_EQ(table.insert(entry()), fd);
  }
  (void)table.close(2);
  (void)table.close(1);
  EXPECT_EQ(table.insert(entry()), 1U);
  EXPECT_EQ(table.insert(entry()), 2U);
  EXPECT_EQ(table.insert(entry()), 4U);
}

TEST(DescriptorTable, ANumberThatIsNotOpenIsBad)
{
  descriptor_table table;
  EXPECT_EQ(table.find(0).error(), errno_code::badf);
  EXPECT_EQ(table.find(0xffffffff).error(), errno_code::badf);
  EXPECT_EQ(table.close(5), errno_code::badf);
  EXPECT_EQ(table.shrink_rights(5, 0, 0), errno_code::badf);
}

TEST(DescriptorTable, AClosedNumberIsBad)
{
  descriptor_table table;
  (void)table.insert(entry());
  EXPECT_EQ(table.close(0), errno_code::success);
  EXPECT_EQ(table.close(0), errno_code::badf);
  EXPECT_EQ(table.find(0).error(), errno_code::badf);
}

TEST(DescriptorTable, WantsEveryRightThatIsAsked)
{
  descriptor_table table;
  (void)table.insert(entry(rights::fd_read | rights::fd_seek));
  EXPECT_TRUE(table.find(0, rights::fd_read | rights::fd_seek));
  EXPECT_EQ(table.find(0, rights::fd_read | rights::fd_write).error(), errno_code::notcapable);
}

TEST(DescriptorTable, RenumbersOverAnOpenDescriptor)
{
  descriptor_table table;
  (void)table.insert(entry(1));
  (void)table.insert(entry(2));
  auto moved = *table.find(0);
  EXPECT_EQ(table.renumber(0, 1), errno_code::success);
  EXPECT_EQ(*table.find(1), moved);
  EXPECT_EQ(table.find(0).error(), errno_code::badf);
  EXPECT_EQ(table.open_count(), 1U);
}

TEST(DescriptorTable, RenumbersOnlyOpenDescriptors)
{
  descriptor_table table;
  (void)table.insert(entry());
  EXPECT_EQ(table.renumber(0, 9), errno_code::badf);
  EXPECT_EQ(table.renumber(9, 0), errno_code::badf);
  EXPECT_TRUE(table.find(0));
}

TEST(DescriptorTable, RenumberingToItselfChangesNothing)
{
  descriptor_table table;
  (void)table.insert(entry());
  EXPECT_EQ(table.renumber(0, 0), errno_code::success);
  EXPECT_TRUE(table.find(0));
}

TEST(DescriptorTable, TakesRightsAwayAndNeverAddsThem)
{
  descriptor_table table;
  (void)table.insert(entry(rights::fd_read | rights::fd_seek, rights::fd_read));
  EXPECT_EQ(table.shrink_rights(0, rights::fd_read, 0), errno_code::success);
  EXPECT_EQ((*table.find(0))->base_rights, rights::fd_read);
  EXPECT_EQ(table.shrink_rights(0, rights::fd_seek, 0), errno_code::notcapable);
  EXPECT_EQ(table.shrink_rights(0, rights::fd_read, rights::fd_read), errno_code::notcapable);
}

TEST(DescriptorTable, AReferenceOutlivesTheClose)
{
  descriptor_table table;
  auto pipe = make_pipe();
  auto file = std::make_shared<open_file>();
  file->fd = std::move(pipe.first);
  int host_fd = file->fd.value();
  (void)table.insert({std::move(file), 0, 0, std::nullopt});
  auto held = *table.find(0);
  EXPECT_EQ(table.close(0), errno_code::success);
  EXPECT_NE(::fcntl(host_fd, F_GETFD), -1);
  held.reset();
  EXPECT_EQ(::fcntl(host_fd, F_GETFD), -1);
}

TEST(DescriptorTable, ThreadsThatOpenGetDifferentNumbers)
{
  constexpr std::size_t thread_count = 4;
  constexpr std::size_t each = 200;
  descriptor_table table;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < thread_count; ++i) {
    threads.emplace_back([&] {
      for (std::size_t k = 0; k < each; ++k) {
        auto fd = table.insert(entry());
        (void)table.close(*fd);
        (void)table.insert(entry());
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(table.open_count(), thread_count * each);
}

// `to` is open all the time, so whoever looks for it must find one of the two.
TEST(DescriptorTable, NoThreadSeesTheTargetOfARenumberClosed)
{
  descriptor_table table;
  (void)table.insert(entry());
  std::atomic<bool> is_done = false;
  std::atomic<int> misses = 0;
  std::thread looker([&] {
    while (!is_done.load()) {
      misses += table.find(0) ? 0 : 1;
    }
  });
  for (int i = 0; i < 2'000; ++i) {
    auto fd = table.insert(entry());
    (void)table.renumber(*fd, 0);
  }
  is_done = true;
  looker.join();
  EXPECT_EQ(misses.load(), 0);
}

} // namespace
} // namespace interlink::wasi::testing

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/guest_memory.hh"

#include "tests/wasi/fixture.hh"

#include <sys/mman.h>

namespace interlink::wasi::testing {
namespace {

/// A memory of the full 4 GiB; only the pages that are touched exist.
class full_memory {
public:
  static constexpr std::size_t size = std::size_t{1} << 32;

  full_memory()
      : bytes_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))
  {
  }

  full_memory(const full_memory&) = delete;
  full_memory& operator=(const full_memory&) = delete;

  ~full_memory() { ::munmap(bytes_, size); }

  bool is_there() const { return bytes_ != MAP_FAILED; }

  guest_memory view() { return guest_memory(std::span(static_cast<std::byte*>(bytes_), size)); }

private:
  void* bytes_;
};

TEST(GuestMemory, ContainsItsLastByteAndNotTheNext)
{
  fake_memory bytes(65536);
  auto memory = bytes.view();
  EXPECT_TRUE(memory.contains(65535, 1));
  EXPECT_FALSE(memory.contains(65535, 2));
  EXPECT_FALSE(memory.contains(65536, 1));
}

TEST(GuestMemory, AnEmptyRangeMayStandAtTheEndAndNotBeyond)
{
  fake_memory bytes(65536);
  auto memory = bytes.view();
  EXPECT_TRUE(memory.contains(65536, 0));
  EXPECT_FALSE(memory.contains(65537, 0));
}

TEST(GuestMemory, ALengthDoesNotWrap)
{
  fake_memory bytes(65536);
  auto memory = bytes.view();
  EXPECT_FALSE(memory.contains(16, 0xffffffff));
  EXPECT_FALSE(memory.contains(16, 0xfffffffffffffff0));
  EXPECT_FALSE(memory.contains(0xfffffff0, 0x20));
}

TEST(GuestMemory, SeesAGrowth)
{
  fake_memory bytes(65536, 131072);
  auto memory = bytes.view();
  EXPECT_FALSE(memory.contains(65536, 1));
  bytes.grow_to(131072);
  EXPECT_TRUE(memory.contains(65536, 65536));
}

TEST(GuestMemory, LoadsAndStoresAtAnyAlignment)
{
  fake_memory bytes;
  auto memory = bytes.view();
  for (std::uint32_t address = 64; address < 72; ++address) {
    ASSERT_TRUE(memory.store<std::uint64_t>(address, 0x0102030405060708).is_success());
    EXPECT_EQ(memory.load<std::uint64_t>(address), 0x0102030405060708U);
    EXPECT_EQ(bytes.load<std::uint8_t>(address), 8);
  }
}

TEST(GuestMemory, ANumberThatCrossesTheEndIsFault)
{
  fake_memory bytes(65536);
  auto memory = bytes.view();
  EXPECT_EQ(memory.load<std::uint32_t>(65533).error(), errno_code::fault);
  EXPECT_EQ(memory.store<std::uint32_t>(65533, 1), errno_code::fault);
  EXPECT_EQ(memory.load_string(65535, 2).error(), errno_code::fault);
  EXPECT_EQ(memory.range(65535, 2).error(), errno_code::fault);
}

TEST(GuestMemory, BytesThatDoNotFitAreNotStoredInPart)
{
  fake_memory bytes(65536);
  auto memory = bytes.view();
  std::array<std::byte, 4> ones{std::byte{1}, std::byte{1}, std::byte{1}, std::byte{1}};
  EXPECT_EQ(memory.store_bytes(65534, ones), errno_code::fault);
  EXPECT_EQ(bytes.load<std::uint16_t>(65534), 0);
}

TEST(GuestMemory, ReachesTheLastBytesOfFourGibibytes)
{
  full_memory full;
  if (!full.is_there()) {
    GTEST_SKIP() << "the host has no 4 GiB of address space";
  }
  auto memory = full.view();
  ASSERT_TRUE(memory.store<std::uint64_t>(0xfffffff8, 42).is_success());
  EXPECT_EQ(memory.load<std::uint64_t>(0xfffffff8), 42U);
  EXPECT_EQ(memory.load<std::uint64_t>(0xfffffff9).error(), errno_code::fault);
}

TEST(GuestMemory, AListOfBuffersDoesNotWrapAtFourGibibytes)
{
  full_memory full;
  if (!full.is_there()) {
    GTEST_SKIP() << "the host has no 4 GiB of address space";
  }
  guest g;
  canceller cancel;
  call_context context{full.view(), cancel};
  EXPECT_EQ(fd_write(g.system(), context, stdout_fd, 0xfffffff8, 1, 64), errno_code::success);
  EXPECT_EQ(fd_write(g.system(), context, stdout_fd, 0xfffffff8, 2, 64), errno_code::fault);
}

TEST(GuestMemory, ABufferDoesNotWrapAtFourGibibytes)
{
  full_memory full;
  if (!full.is_there()) {
    GTEST_SKIP() << "the host has no 4 GiB of address space";
  }
  guest g;
  canceller cancel;
  call_context context{full.view(), cancel};
  (void)context.memory.store<std::uint32_t>(128, 0xffffffff);
  (void)context.memory.store<std::uint32_t>(132, 1);
  EXPECT_EQ(fd_write(g.system(), context, stdout_fd, 128, 1, 64), errno_code::success);
  (void)context.memory.store<std::uint32_t>(132, 2);
  EXPECT_EQ(fd_write(g.system(), context, stdout_fd, 128, 1, 64), errno_code::fault);
}

TEST(GuestMemory, BuffersLongerThanFourGibibytesTogetherAreInvalid)
{
  full_memory full;
  if (!full.is_there()) {
    GTEST_SKIP() << "the host has no 4 GiB of address space";
  }
  guest g;
  canceller cancel;
  call_context context{full.view(), cancel};
  for (std::uint32_t at : {128U, 136U}) {
    (void)context.memory.store<std::uint32_t>(at, 0);
    (void)context.memory.store<std::uint32_t>(at + 4, 0x80000000);
  }
  EXPECT_EQ(fd_write(g.system(), context, stdout_fd, 128, 2, 64), errno_code::inval);
}

} // namespace
} // namespace interlink::wasi::testing

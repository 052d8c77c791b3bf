// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pipes, FIFOs and terminals: who gets which bytes, what waits, and what the host sees.
#include "tests/wasi/fixture.hh"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <set>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace interlink::wasi::testing {
namespace {

/// One read of at most `size` bytes, prepared before its thread starts.
struct prepared_read {
  prepared_read(guest& process, guest_fd from, guest_size size)
      : g(process), fd(from), buffer(g.memory.reserve(size)), list(g.iovecs({{buffer, size}})), got(g.memory.reserve(4))
  {
  }

  outcome operator()(class system& s, call_context& c) const { return fd_read(s, c, fd, list, 1, got); }

  std::string text() const { return g.memory.text(buffer, g.memory.load<guest_size>(got)); }

  guest& g;
  guest_fd fd;
  guest_pointer buffer;
  guest_pointer list;
  guest_pointer got;
};

TEST(Streams, AReadTakesWhatIsThere)
{
  guest g;
  g.in.write("abc");
  EXPECT_EQ(g.read(stdin_fd, 100), "abc");
}

TEST(Streams, AReadWaitsForTheFirstByte)
{
  guest g;
  prepared_read read(g, stdin_fd, 16);
  running_call reader(g, read);
  reader.await_block();
  EXPECT_FALSE(reader.has_ended());
  g.in.write("late");
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(read.text(), "late");
}

TEST(Streams, AReadEndsAtTheEndOfThePipe)
{
  guest g;
  prepared_read read(g, stdin_fd, 16);
  running_call reader(g, read);
  reader.await_block();
  g.in.close_second();
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(read.text(), "");
}

TEST(Streams, AReadOfNoBytesDoesNotWait)
{
  guest g;
  EXPECT_EQ(g.read(stdin_fd, 0), "");
}

TEST(Streams, NothingIsReadAhead)
{
  guest g;
  g.in.write("one\ntwo\n");
  EXPECT_EQ(g.read(stdin_fd, 4), "one\n");
  EXPECT_EQ(g.in.read_some(), "two\n");
}

TEST(Streams, TwoReadersShareTwoLinesOfOneWrite)
{
  guest g;
  prepared_read first(g, stdin_fd, 4);
  prepared_read second(g, stdin_fd, 4);
  running_call one(g, first);
  running_call other(g, second);
  one.await_block();
  other.await_block();
  g.in.write("one\ntwo\n");
  EXPECT_EQ(one.finish(), errno_code::success);
  EXPECT_EQ(other.finish(), errno_code::success);
  EXPECT_EQ((std::set<std::string>{first.text(), second.text()}), (std::set<std::string>{"one\n", "two\n"}));
}

TEST(Streams, AReaderThatGetsNothingGoesOnWaiting)
{
  guest g;
  prepared_read first(g, stdin_fd, 16);
  prepared_read second(g, stdin_fd, 16);
  running_call one(g, first);
  running_call other(g, second);
  one.await_block();
  other.await_block();
  g.in.write("x");
  ASSERT_TRUE(eventually([&] { return one.has_ended() || other.has_ended(); }));
  EXPECT_NE(one.has_ended(), other.has_ended());
  g.in.write("y");
  EXPECT_EQ(one.finish(), errno_code::success);
  EXPECT_EQ(other.finish(), errno_code::success);
}

TEST(Streams, AReaderDoesNotHoldUpAPrinter)
{
  guest g;
  prepared_read read(g, stdin_fd, 16);
  running_call reader(g, read);
  reader.await_block();
  EXPECT_EQ(g.write(stdout_fd, "printed"), 7U);
  EXPECT_EQ(g.out.read_some(), "printed");
  EXPECT_FALSE(reader.has_ended());
}

TEST(Streams, ASleeperDoesNotHoldUpAPrinter)
{
  guest g;
  g.memory.store(1024, std::uint64_t{0});
  auto sub = g.memory.reserve(48);
  auto events = g.memory.reserve(32);
  auto stored = g.memory.reserve(4);
  g.memory.store(sub + 16, std::uint32_t{1});
  g.memory.store(sub + 24, std::numeric_limits<std::uint64_t>::max());
  running_call sleeper(g, [=](class system& s, call_context& c) { return poll_oneoff(s, c, sub, events, 1, stored); });
  sleeper.await_block();
  EXPECT_EQ(g.write(stdout_fd, "printed"), 7U);
  EXPECT_EQ(g.out.read_some(), "printed");
  EXPECT_FALSE(sleeper.has_ended());
}

TEST(Streams, AWriteGoesOnWhenAFullPipeIsRead)
{
  guest g;
  auto before = fill(g.out.second.value());
  constexpr guest_size size = 20'000;
  auto list = g.iovecs({{g.memory.reserve(size), size}});
  running_call writer(g, [=](class system& s, call_context& c) { return fd_write(s, c, stdout_fd, list, 1, 64); });
  writer.await_block();
  EXPECT_FALSE(writer.has_ended());
  std::size_t read = 0;
  while (read < before + size) {
    read += g.out.read_some().size();
  }
  EXPECT_EQ(writer.finish(), errno_code::success);
  EXPECT_EQ(g.memory.load<guest_size>(64), size);
}

TEST(Streams, AWriterOfAFullPipeDoesNotHoldUpAnotherStream)
{
  guest g;
  fill(g.out.second.value());
  auto list = g.iovecs({{64, 4}});
  running_call writer(g, [=](class system& s, call_context& c) { return fd_write(s, c, stdout_fd, list, 1, 72); });
  writer.await_block();
  EXPECT_EQ(g.write(stderr_fd, "error"), 5U);
  EXPECT_EQ(g.error.read_some(), "error");
  EXPECT_FALSE(writer.has_ended());
}

// Lines of up to PIPE_BUF bytes from several threads must come out whole.
TEST(Streams, ShortWritesOfThreadsDoNotMix)
{
  guest g;
  constexpr int lines = 200;
  auto print = [&](char letter) {
    auto list = g.iovecs({{g.memory.place(std::string(30, letter)), 30}, {g.memory.place("\n"), 1}});
    auto put = g.memory.reserve(4);
    return [=](class system& s, call_context& c) {
      for (int i = 0; i < lines; ++i) {
        if (auto how = fd_write(s, c, stdout_fd, list, 2, put); !how.is_success()) {
          return how;
        }
      }
      return outcome(errno_code::success);
    };
  };
  running_call first(g, print('a'));
  running_call second(g, print('b'));
  EXPECT_EQ(first.finish(), errno_code::success);
  EXPECT_EQ(second.finish(), errno_code::success);
  std::string all;
  while (all.size() < 2U * lines * 31U) {
    all += g.out.read_some();
  }
  for (std::size_t at = 0; at < all.size(); at += 31) {
    auto line = all.substr(at, 31);
    EXPECT_EQ(line, std::string(30, line[0]) + "\n");
  }
}

TEST(Streams, AWriteWithoutReaderIsAnErrorAndNoSignal)
{
  guest g;
  g.out.close_first();
  ASSERT_EQ(g.write(stdout_fd, "x").error(), errno_code::pipe);
  sigset_t pending;
  sigemptyset(&pending);
  ASSERT_EQ(::sigpending(&pending), 0);
  EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
}

TEST(Streams, AWriterIsToldThatTheReaderLeft)
{
  guest g;
  fill(g.out.second.value());
  auto list = g.iovecs({{64, 4}});
  running_call writer(g, [=](class system& s, call_context& c) { return fd_write(s, c, stdout_fd, list, 1, 72); });
  writer.await_block();
  g.out.close_first();
  EXPECT_EQ(writer.finish(), errno_code::pipe);
}

TEST(Streams, ANonblockingReadOfASilentPipeSaysAgain)
{
  guest g;
  ASSERT_EQ(g.call(fd_fdstat_set_flags, stdin_fd, fd_flag::nonblock), errno_code::success);
  EXPECT_EQ(g.read(stdin_fd, 4).error(), errno_code::again);
}

TEST(Streams, ANonblockingWriteIsShortAndThenSaysAgain)
{
  guest g;
  ASSERT_EQ(g.call(fd_fdstat_set_flags, stdout_fd, fd_flag::nonblock), errno_code::success);
  fill(g.out.second.value());
  for (int i = 0; i < 2; ++i) {
    (void)g.out.read_some();
  }
  auto list = g.iovecs({{1024, 60'000}});
  ASSERT_EQ(g.call(fd_write, stdout_fd, list, 1, 64), errno_code::success);
  EXPECT_GT(g.memory.load<guest_size>(64), 0U);
  EXPECT_LT(g.memory.load<guest_size>(64), 60'000U);
  EXPECT_EQ(g.call(fd_write, stdout_fd, list, 1, 64), errno_code::again);
}

// The description is shared with whoever started us: a shell would find its terminal non-blocking.
TEST(Streams, TheInheritedDescriptionStaysBlocking)
{
  guest g;
  ASSERT_EQ(g.call(fd_fdstat_set_flags, stdin_fd, fd_flag::nonblock), errno_code::success);
  (void)g.read(stdin_fd, 4);
  EXPECT_EQ(::fcntl(g.in.first.value(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Streams, MemoryMayGrowDuringABlockedRead)
{
  guest g;
  prepared_read read(g, stdin_fd, 16);
  running_call reader(g, read);
  reader.await_block();
  g.memory.grow_to(2 * 65536);
  g.in.write("text");
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(read.text(), "text");
}

TEST(Streams, AReadAfterAGrowthUsesTheNewMemory)
{
  guest g;
  g.in.write("text");
  auto list = g.iovecs({{65536, 4}});
  EXPECT_EQ(g.call(fd_read, stdin_fd, list, 1, 64), errno_code::fault);
  g.memory.grow_to(2 * 65536);
  ASSERT_EQ(g.call(fd_read, stdin_fd, list, 1, 64), errno_code::success);
  EXPECT_EQ(g.memory.text(65536, 4), "text");
}

TEST(Streams, AFifoWithoutWriterIsReadWhenOneCame)
{
  guest g;
  g.root.make_fifo("fifo");
  auto fd = g.open("fifo", to_read);
  prepared_read read(g, fd, 16);
  running_call reader(g, read);
  reader.await_block();
  EXPECT_FALSE(reader.has_ended());
  unique_fd writer(::open(g.root.path("fifo").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::write(writer.value(), "text", 4), 4);
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(read.text(), "text");
}

TEST(Streams, AFifoEndsWhenItsLastWriterLeft)
{
  guest g;
  g.root.make_fifo("fifo");
  auto fd = g.open("fifo", to_read);
  unique_fd(::open(g.root.path("fifo").c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(g.read(fd, 4), "");
}

TEST(Streams, OpeningAFifoForWritingWaitsForItsReader)
{
  guest g;
  g.root.make_fifo("fifo");
  auto where = g.path_of("fifo");
  running_call opener(g, [=](class system& s, call_context& c) {
    return path_open(s, c, root_fd, follow, where.at, where.size, 0, to_write.base, 0, 0, 64);
  });
  opener.await_block();
  EXPECT_FALSE(opener.has_ended());
  unique_fd reader(::open(g.root.path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(opener.finish(), errno_code::success);
  EXPECT_EQ(g.write(g.memory.load<guest_fd>(64), "text"), 4U);
}

TEST(Streams, OpeningAFifoForWritingWithoutWaitingNeedsAReader)
{
  guest g;
  g.root.make_fifo("fifo");
  auto wanted = to_write;
  wanted.flags = fd_flag::nonblock;
  EXPECT_EQ(g.try_open("fifo", wanted).error(), errno_code::nxio);
}

TEST(Streams, ATerminalIsReadLineByLine)
{
  unique_fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 128> name{};
  if (!master.is_open() || ::grantpt(master.value()) != 0 || ::unlockpt(master.value()) != 0 ||
      ::ptsname_r(master.value(), name.data(), name.size()) != 0) {
    GTEST_SKIP() << "the host has no pseudo-terminals";
  }
  unique_fd terminal(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  guest g([&](options& o) { o.stdin_fd = terminal.value(); });
  prepared_read read(g, stdin_fd, 64);
  running_call reader(g, read);
  reader.await_block();
  ASSERT_EQ(::write(master.value(), "one\ntwo\n", 8), 8);
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(read.text(), "one\n");
  EXPECT_EQ(g.read(stdin_fd, 64), "two\n");
  EXPECT_EQ(::fcntl(terminal.value(), F_GETFL) & O_NONBLOCK, 0);
}

// A terminal's master can neither be opened a second time nor be read without waiting by a flag.
TEST(Streams, ReadersOfATerminalsMasterTakeTurns)
{
  unique_fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 128> name{};
  if (!master.is_open() || ::grantpt(master.value()) != 0 || ::unlockpt(master.value()) != 0 ||
      ::ptsname_r(master.value(), name.data(), name.size()) != 0) {
    GTEST_SKIP() << "the host has no pseudo-terminals";
  }
  unique_fd terminal(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  guest g([&](options& o) { o.stdin_fd = master.value(); });
  prepared_read first(g, stdin_fd, 1);
  prepared_read second(g, stdin_fd, 1);
  running_call one(g, first);
  running_call other(g, second);
  one.await_block();
  other.await_block();
  ASSERT_EQ(::write(terminal.value(), "xy", 2), 2);
  EXPECT_EQ(one.finish(), errno_code::success);
  EXPECT_EQ(other.finish(), errno_code::success);
  EXPECT_EQ((std::set<std::string>{first.text(), second.text()}), (std::set<std::string>{"x", "y"}));
}

TEST(Streams, AnInheritedEventCounterDoesNotBlockInTheKernel)
{
  unique_fd counter(::eventfd(0, EFD_CLOEXEC));
  guest g([&](options& o) { o.stdin_fd = counter.value(); });
  prepared_read read(g, stdin_fd, 8);
  running_call reader(g, read);
  reader.await_block();
  EXPECT_FALSE(reader.has_ended());
  reader.cancel();
  EXPECT_EQ(reader.finish(), outcome::cancelled());
}

} // namespace
} // namespace interlink::wasi::testing

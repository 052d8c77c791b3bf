// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A close in one thread while another uses the descriptor.
#include "tests/wasi/fixture.hh"

#include <csignal>
#include <unistd.h>

namespace interlink::wasi::testing {
namespace {

class Closing : public ::testing::Test {
protected:
  outcome read_stdin(class system& s, call_context& c) const { return fd_read(s, c, stdin_fd, list, 1, got); }

  guest g;
  guest_pointer buffer = g.memory.reserve(16);
  guest_pointer list = g.iovecs({{buffer, 16}});
  guest_pointer got = g.memory.reserve(4);
};

TEST_F(Closing, ABlockedReadGoesOn)
{
  running_call reader(g, [this](class system& s, call_context& c) { return read_stdin(s, c); });
  reader.await_block();
  EXPECT_EQ(g.call(fd_close, stdin_fd), errno_code::success);
  EXPECT_EQ(g.call(fd_close, stdin_fd), errno_code::badf);
  EXPECT_FALSE(reader.has_ended());
  g.in.write("text");
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(g.memory.text(buffer, 4), "text");
}

TEST_F(Closing, ABlockedReadCanStillBeCancelled)
{
  running_call reader(g, [this](class system& s, call_context& c) { return read_stdin(s, c); });
  reader.await_block();
  EXPECT_EQ(g.call(fd_close, stdin_fd), errno_code::success);
  reader.cancel();
  EXPECT_EQ(reader.finish(), outcome::cancelled());
}

TEST_F(Closing, TheHostFileClosesWithTheLastCall)
{
  running_call reader(g, [this](class system& s, call_context& c) { return read_stdin(s, c); });
  reader.await_block();
  g.in.close_first();
  EXPECT_EQ(g.call(fd_close, stdin_fd), errno_code::success);
  // The reader holds the only end for reading that is left.
  g.in.write("text");
  EXPECT_EQ(reader.finish(), errno_code::success);
  std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(::write(g.in.second.value(), "x", 1), -1);
  std::signal(SIGPIPE, SIG_DFL);
}

TEST_F(Closing, ANumberThatIsUsedAgainDoesNotRedirectABlockedRead)
{
  g.root.write("file", "wrong");
  running_call reader(g, [this](class system& s, call_context& c) { return read_stdin(s, c); });
  reader.await_block();
  ASSERT_EQ(g.call(fd_close, stdin_fd), errno_code::success);
  ASSERT_EQ(g.open("file"), stdin_fd);
  EXPECT_FALSE(reader.has_ended());
  g.in.write("right");
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(g.memory.text(buffer, 5), "right");
}

TEST_F(Closing, ARenumberDoesNotRedirectABlockedRead)
{
  g.root.write("file", "wrong");
  running_call reader(g, [this](class system& s, call_context& c) { return read_stdin(s, c); });
  reader.await_block();
  ASSERT_EQ(g.call(fd_renumber, g.open("file"), stdin_fd), errno_code::success);
  EXPECT_FALSE(reader.has_ended());
  g.in.write("right");
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(g.memory.text(buffer, 5), "right");
}

TEST_F(Closing, AClosedPreopenStillServesTheLinkersLookUps)
{
  g.root.write("file", "text");
  ASSERT_EQ(g.call(fd_close, root_fd), errno_code::success);
  EXPECT_TRUE(g.system().open_guest_file("/file"));
}

// Reads, opens and closes of the same numbers: each read gives the whole text of some file, or says badf.
TEST_F(Closing, ReadsThatRaceWithClosesSeeOneFileOrNone)
{
  g.root.write("file", "text");
  auto where = g.path_of("file");
  auto opened = g.memory.reserve(4);
  std::atomic<bool> is_done = false;
  auto fd = g.open("file");
  running_call opener(g, [&](class system& s, call_context& c) {
    for (int i = 0; i < 500; ++i) {
      (void)fd_close(s, c, fd);
      if (auto how = path_open(s, c, root_fd, follow, where.at, where.size, 0, rights::fd_read | rights::fd_seek, 0, 0,
                               opened);
          !how.is_success()) {
        is_done = true;
        return how;
      }
    }
    is_done = true;
    return outcome(errno_code::success);
  });
  running_call reader(g, [&](class system& s, call_context& c) {
    while (!is_done) {
      auto how = fd_pread(s, c, fd, list, 1, 0, got);
      if (how != outcome(errno_code::badf) && (!how.is_success() || g.memory.load<guest_size>(got) != 4)) {
        return how.is_success() ? outcome(errno_code::io) : how;
      }
    }
    return outcome(errno_code::success);
  });
  EXPECT_EQ(opener.finish(), errno_code::success);
  EXPECT_EQ(reader.finish(), errno_code::success);
}

// Every close of a number succeeds once, in whichever thread.
TEST_F(Closing, TwoThreadsThatCloseOneNumberAgreeOnWhoDidIt)
{
  g.root.write("file", "");
  for (int i = 0; i < 100; ++i) {
    auto fd = g.open("file");
    auto close = [fd](class system& s, call_context& c) {
      return fd_close(s, c, fd);
    };
    running_call one(g, close);
    running_call other(g, close);
    auto first = one.finish();
    auto second = other.finish();
    ASSERT_NE(first.is_success(), second.is_success());
  }
}

TEST_F(Closing, TheEndOfTheSystemClosesEveryHostFile)
{
  auto pipe = make_pipe();
  {
    guest inner([&](options& o) { o.stdout_fd = pipe.second.value(); });
    pipe.close_second();
    EXPECT_EQ(inner.write(stdout_fd, "text"), 4U);
  }
  EXPECT_EQ(pipe.read_some(), "text");
  EXPECT_EQ(pipe.read_some(), "");
}

} // namespace
} // namespace interlink::wasi::testing

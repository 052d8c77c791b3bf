// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every call that can wait ends at a cancel, at once when the cancel came first, and one cancel ends one thread's call.
#include "tests/wasi/fixture.hh"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace interlink::wasi::testing {
namespace {

using guest_call = std::function<outcome(class system&, call_context&)>;

/// A call that has nothing to end it, in a guest made for it.
struct endless {
  const char* name;
  std::function<guest_call(guest&)> prepare;
  errno_code when_interrupted = errno_code::intr;
};

void PrintTo(const endless& one, std::ostream* to)
{
  *to << one.name;
}

guest_call read_of(guest& g, guest_fd fd)
{
  auto list = g.iovecs({{g.memory.reserve(16), 16}});
  auto got = g.memory.reserve(4);
  return [=](class system& s, call_context& c) {
    return fd_read(s, c, fd, list, 1, got);
  };
}

guest_call write_of(guest& g, guest_fd fd)
{
  auto list = g.iovecs({{g.memory.reserve(16), 16}});
  auto put = g.memory.reserve(4);
  return [=](class system& s, call_context& c) {
    return fd_write(s, c, fd, list, 1, put);
  };
}

guest_call open_of_fifo(guest& g)
{
  g.root.make_fifo("fifo");
  auto where = g.path_of("fifo");
  auto opened = g.memory.reserve(4);
  return [=](class system& s, call_context& c) {
    return path_open(s, c, root_fd, follow, where.at, where.size, 0, to_write.base, 0, 0, opened);
  };
}

guest_call poll_of(guest& g, event_type type, guest_fd fd)
{
  auto sub = g.memory.reserve(48);
  auto events = g.memory.reserve(32);
  auto stored = g.memory.reserve(4);
  g.memory.store(sub + 8, static_cast<std::uint8_t>(type));
  g.memory.store(sub + 16, fd);
  g.memory.store(sub + 24, std::uint64_t{1} << 62);
  return [=](class system& s, call_context& c) {
    return poll_oneoff(s, c, sub, events, 1, stored);
  };
}

guest_fd give(guest& g, unique_fd host)
{
  auto file = adopt_file(host.value());
  EXPECT_TRUE(file);
  auto possible = (*file)->possible_rights;
  return *g.system().descriptors().insert({*file, possible, possible, std::nullopt});
}

guest_call accept_of(guest& g)
{
  unique_fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto name = g.root.path("socket");
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(listener.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener.value(), 1), 0);
  auto fd = give(g, std::move(listener));
  auto accepted = g.memory.reserve(4);
  return [=](class system& s, call_context& c) {
    return sock_accept(s, c, fd, 0, accepted);
  };
}

guest_call receive_of(guest& g, std::shared_ptr<descriptor_pair> pair, std::uint32_t flags)
{
  auto fd = give(g, std::move(pair->first));
  auto list = g.iovecs({{g.memory.reserve(16), 16}});
  auto got = g.memory.reserve(4);
  auto result = g.memory.reserve(2);
  return [=, keep = std::move(pair)](class system& s, call_context& c) {
    return sock_recv(s, c, fd, list, 1, flags, got, result);
  };
}

guest_call send_of(guest& g, std::shared_ptr<descriptor_pair> pair)
{
  fill(pair->first.value());
  auto fd = give(g, std::move(pair->first));
  auto list = g.iovecs({{g.memory.reserve(16), 16}});
  auto put = g.memory.reserve(4);
  return [=, keep = std::move(pair)](class system& s, call_context& c) {
    return sock_send(s, c, fd, list, 1, 0, put);
  };
}

std::shared_ptr<descriptor_pair> socket_pair()
{
  return std::make_shared<descriptor_pair>(make_socket_pair(SOCK_STREAM));
}

std::shared_ptr<descriptor_pair> socket_pair_with(std::string_view text)
{
  auto pair = socket_pair();
  pair->write(text);
  return pair;
}

std::vector<endless> all_endless()
{
  return {
      {"ReadOfASilentPipe", [](guest& g) { return read_of(g, stdin_fd); }},
      {"WriteToAFullPipe",
       [](guest& g) {
         fill(g.out.second.value());
         return write_of(g, stdout_fd);
       }},
      {"ReadOfAFifoWithoutWriter",
       [](guest& g) {
         g.root.make_fifo("fifo");
         return read_of(g, g.open("fifo", to_read));
       }},
      {"OpenOfAFifoWithoutReader", open_of_fifo},
      {"PollOfAClock", [](guest& g) { return poll_of(g, event_type::clock, 1); }},
      {"PollOfASilentPipe", [](guest& g) { return poll_of(g, event_type::fd_read, stdin_fd); }},
      {"PollOfAFullPipe",
       [](guest& g) {
         fill(g.out.second.value());
         return poll_of(g, event_type::fd_write, stdout_fd);
       }},
      {"Accept", accept_of},
      {"Receive", [](guest& g) { return receive_of(g, socket_pair(), 0); }},
      {"ReceiveOfAllWithAPart",
       [](guest& g) { return receive_of(g, socket_pair_with("part"), receive_flag::wait_all); },
       errno_code::success}, // the part is told
      {"Send", [](guest& g) { return send_of(g, socket_pair()); }},
      {"ReadOfASocket",
       [](guest& g) {
         auto pair = socket_pair();
         auto call = read_of(g, give(g, std::move(pair->first)));
         return [=, keep = pair](class system& s, call_context& c) {
           return call(s, c);
         };
       }},
  };
}

class Blocking : public ::testing::TestWithParam<endless> {
protected:
  /// What the call returns when it is ended so while it waits.
  static outcome outcome_after(void (running_call::*end)())
  {
    guest g;
    running_call call(g, GetParam().prepare(g));
    call.await_block();
    EXPECT_FALSE(call.has_ended());
    (call.*end)();
    return call.finish();
  }
};

TEST_P(Blocking, EndsAtACancel)
{
  EXPECT_EQ(outcome_after(&running_call::cancel), outcome::cancelled());
}

TEST_P(Blocking, EndsAtAnInterruption)
{
  EXPECT_EQ(outcome_after(&running_call::interrupt), GetParam().when_interrupted);
}

TEST_P(Blocking, DoesNotBeginAfterACancel)
{
  guest g;
  auto call = GetParam().prepare(g);
  g.cancel().cancel();
  EXPECT_EQ(call(g.system(), g.context()), outcome::cancelled());
}

// No lock is held meanwhile: other threads open, close and look up descriptors.
TEST_P(Blocking, LeavesTheDescriptorTableFree)
{
  guest g;
  g.root.write("file", "text");
  running_call call(g, GetParam().prepare(g));
  call.await_block();
  auto fd = g.open("file");
  EXPECT_EQ(g.read(fd, 4), "text");
  EXPECT_EQ(g.call(fd_close, fd), errno_code::success);
  EXPECT_EQ(g.system().change_directory("/"), errno_code::success);
  EXPECT_FALSE(call.has_ended());
}

INSTANTIATE_TEST_SUITE_P(EveryWait, Blocking, ::testing::ValuesIn(all_endless()),
                         [](const auto& one) { return std::string(one.param.name); });

// One that comes before the wait ends it as well, and only one wait: the next read gets its bytes.
TEST(Interrupting, EndsOneWait)
{
  guest g;
  auto read = read_of(g, stdin_fd);
  for (int i = 0; i < 100; ++i) { // each try races the interruption with the start of the wait
    running_call reader(g, [&](class system& s, call_context& c) {
      const auto first = read(s, c);
      g.in.write("x");
      const auto second = read(s, c);
      return second.is_success() ? first : second;
    });
    reader.interrupt();
    ASSERT_EQ(reader.finish(), errno_code::intr);
  }
}

TEST(Interrupting, LeavesBytesThatAreThere)
{
  guest g;
  g.in.write("kept");
  g.interrupt();
  EXPECT_EQ(*g.read(stdin_fd, 4), "kept");
}

TEST(Interrupting, TellsTheWriterOfItsPart)
{
  guest g;
  constexpr guest_size size = 60'000;
  auto list = g.iovecs({{1024, size}, {1024, size}}); // more than a pipe takes
  auto put = g.memory.reserve(4);
  running_call writer(g, [=](class system& s, call_context& c) { return fd_write(s, c, stdout_fd, list, 2, put); });
  writer.await_block();
  writer.interrupt();
  EXPECT_EQ(writer.finish(), errno_code::success);
  EXPECT_GT(g.memory.load<std::uint32_t>(put), 0U);
  EXPECT_LT(g.memory.load<std::uint32_t>(put), 2 * size);
}

TEST(Interrupting, ComesBeforeTheCancelAndAfterItNoMore)
{
  guest g;
  running_call reader(g, read_of(g, stdin_fd));
  reader.await_block();
  reader.cancel();
  reader.interrupt();
  EXPECT_EQ(reader.finish(), outcome::cancelled());
}

TEST(Cancelling, EndsTheCallOfOneThreadOnly)
{
  guest g;
  running_call one(g, read_of(g, stdin_fd));
  running_call other(g, read_of(g, stdin_fd));
  one.await_block();
  other.await_block();
  one.cancel();
  EXPECT_EQ(one.finish(), outcome::cancelled());
  EXPECT_FALSE(other.has_ended());
  g.in.write("x");
  EXPECT_EQ(other.finish(), errno_code::success);
}

TEST(Cancelling, ComesBeforeBytesThatAreThere)
{
  guest g;
  g.in.write("kept");
  g.cancel().cancel();
  EXPECT_EQ(g.read(stdin_fd, 4).error(), outcome::cancelled());
  EXPECT_EQ(g.in.read_some(), "kept");
}

TEST(Cancelling, ComesBeforeRoomThatIsThere)
{
  guest g;
  g.cancel().cancel();
  EXPECT_EQ(g.write(stdout_fd, "text").error(), outcome::cancelled());
  pollfd one{g.out.first.value(), POLLIN, 0};
  EXPECT_EQ(::poll(&one, 1, 0), 0);
}

// The reader keeps up, so the writer seldom has to wait.
TEST(Cancelling, EndsAThreadThatWritesAllTheTime)
{
  guest g;
  std::thread drain([&] {
    while (!g.out.read_some().empty()) {
    }
  });
  constexpr guest_size size = 60'000;
  auto list = g.iovecs({{1024, size}});
  running_call writer(g, [&, list](class system& s, call_context& c) {
    while (true) {
      auto how = fd_write(s, c, stdout_fd, list, 1, 64);
      if (!how.is_success()) {
        return how;
      }
    }
  });
  writer.cancel();
  EXPECT_EQ(writer.finish(), outcome::cancelled());
  g.out.close_second();
  EXPECT_EQ(g.call(fd_close, stdout_fd), errno_code::success);
  drain.join();
}

// Each try races a cancel with the start of the wait; a lost one would hang.
TEST(Cancelling, IsNotLostBetweenTheCheckAndTheWait)
{
  guest g;
  auto read = read_of(g, stdin_fd);
  auto sleep = poll_of(g, event_type::clock, 1);
  for (int i = 0; i < 100; ++i) {
    running_call reader(g, read);
    running_call sleeper(g, sleep);
    reader.cancel();
    sleeper.cancel();
    ASSERT_EQ(reader.finish(), outcome::cancelled());
    ASSERT_EQ(sleeper.finish(), outcome::cancelled());
  }
}

TEST(Cancelling, EndsASleepThatCouldGetNoDescriptor)
{
  guest g;
  descriptor_limit none_left(lowest_free_descriptor());
  running_call sleeper(g, [](class system&, call_context& c) {
    EXPECT_EQ(c.cancel.wake_fd(), -1);
    return c.cancel.sleep_for(std::chrono::hours(1));
  });
  sleeper.cancel();
  EXPECT_EQ(sleeper.finish(), outcome::cancelled());
}

// Such a waiter looks for the cancel now and then.
TEST(Cancelling, EndsWaitsForDescriptorsThatCouldGetNoDescriptor)
{
  guest g;
  auto read = read_of(g, stdin_fd);
  auto poll = poll_of(g, event_type::fd_read, stdin_fd);
  descriptor_limit none_left(lowest_free_descriptor());
  for (int i = 0; i < 3; ++i) {
    running_call reader(g, read);
    running_call poller(g, poll);
    std::this_thread::yield();
    reader.cancel();
    poller.cancel();
    EXPECT_EQ(reader.finish(), outcome::cancelled());
    EXPECT_EQ(poller.finish(), outcome::cancelled());
  }
}

} // namespace
} // namespace interlink::wasi::testing

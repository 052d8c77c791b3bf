// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <array>
#include <netinet/in.h>
#include <sys/socket.h>

namespace interlink::wasi::testing {
namespace {

constexpr guest_fd socket_fd = 4;

/// A guest with one inherited socket as descriptor 4; `pair.second` is the other end.
class Sockets : public ::testing::Test {
protected:
  explicit Sockets(int type = SOCK_STREAM) : pair(make_socket_pair(type)) {}

  outcome receive(guest_pointer list, guest_size count, std::uint32_t flags)
  {
    return g.call(sock_recv, socket_fd, list, count, flags, 64, 72);
  }

  guest_size received() const { return g.memory.load<guest_size>(64); }

  std::uint16_t result_flags() const { return g.memory.load<std::uint16_t>(72); }

  descriptor_pair pair;
  guest g{[this](options& o) { o.inherited = {pair.first.value()}; }};
  guest_pointer buffer = g.memory.reserve(64);
  guest_pointer whole = g.iovecs({{buffer, 64}});
};

class DatagramSockets : public Sockets {
protected:
  DatagramSockets() : Sockets(SOCK_DGRAM) {}
};

TEST_F(Sockets, AreShownAsSockets)
{
  ASSERT_EQ(g.call(fd_fdstat_get, socket_fd, 128), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint8_t>(128), static_cast<std::uint8_t>(file_type::socket_stream));
}

TEST_F(DatagramSockets, AreShownAsDatagramSockets)
{
  ASSERT_EQ(g.call(fd_fdstat_get, socket_fd, 128), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint8_t>(128), static_cast<std::uint8_t>(file_type::socket_dgram));
}

TEST_F(Sockets, ReceiveWhatIsThere)
{
  pair.write("text");
  ASSERT_EQ(receive(whole, 1, 0), errno_code::success);
  EXPECT_EQ(g.memory.text(buffer, received()), "text");
  EXPECT_EQ(result_flags(), 0);
}

TEST_F(Sockets, PeekingTakesNothing)
{
  pair.write("text");
  ASSERT_EQ(receive(whole, 1, receive_flag::peek), errno_code::success);
  EXPECT_EQ(received(), 4U);
  ASSERT_EQ(receive(whole, 1, 0), errno_code::success);
  EXPECT_EQ(received(), 4U);
}

TEST_F(Sockets, WaitingForAllFillsTheBuffers)
{
  auto list = g.iovecs({{buffer, 3}, {buffer + 3, 5}});
  running_call receiver(g, [=](class system& s, call_context& c) {
    return sock_recv(s, c, socket_fd, list, 2, receive_flag::wait_all, 64, 72);
  });
  pair.write("abcd");
  receiver.await_block();
  EXPECT_FALSE(receiver.has_ended());
  pair.write("efgh");
  EXPECT_EQ(receiver.finish(), errno_code::success);
  EXPECT_EQ(g.memory.text(buffer, received()), "abcdefgh");
}

TEST_F(Sockets, WaitingForAllEndsWithTheConnection)
{
  pair.write("abcd");
  pair.close_second();
  ASSERT_EQ(receive(whole, 1, receive_flag::wait_all), errno_code::success);
  EXPECT_EQ(received(), 4U);
}

TEST_F(Sockets, PeekingAndWaitingForAllIsNotSupported)
{
  EXPECT_EQ(receive(whole, 1, receive_flag::peek | receive_flag::wait_all), errno_code::notsup);
}

TEST_F(Sockets, UndefinedFlagsAreInvalid)
{
  EXPECT_EQ(receive(whole, 1, 4), errno_code::inval);
  EXPECT_EQ(g.call(sock_send, socket_fd, whole, 1, 1, 64), errno_code::inval);
  EXPECT_EQ(g.call(sock_shutdown, socket_fd, 0), errno_code::inval);
  EXPECT_EQ(g.call(sock_shutdown, socket_fd, 4), errno_code::inval);
  EXPECT_EQ(g.call(sock_accept, socket_fd, fd_flag::append, 64), errno_code::inval);
}

TEST_F(Sockets, SendAllBuffers)
{
  auto list = g.iovecs({{g.memory.place("ab"), 2}, {g.memory.place("cd"), 2}});
  ASSERT_EQ(g.call(sock_send, socket_fd, list, 2, 0, 64), errno_code::success);
  EXPECT_EQ(received(), 4U);
  std::array<char, 8> got{};
  EXPECT_EQ(::read(pair.second.value(), got.data(), got.size()), 4);
  EXPECT_EQ(std::string_view(got.data(), 4), "abcd");
}

TEST_F(Sockets, SendingToNobodyIsAnErrorAndNoSignal)
{
  pair.close_second();
  EXPECT_EQ(g.call(sock_send, socket_fd, whole, 1, 0, 64), errno_code::pipe);
  EXPECT_EQ(g.write(socket_fd, "x").error(), errno_code::pipe);
}

TEST_F(Sockets, ReadAndWriteWorkToo)
{
  pair.write("text");
  EXPECT_EQ(g.read(socket_fd, 8), "text");
  EXPECT_EQ(g.write(socket_fd, "back"), 4U);
}

TEST_F(Sockets, ANonblockingCallSaysAgain)
{
  ASSERT_EQ(g.call(fd_fdstat_set_flags, socket_fd, fd_flag::nonblock), errno_code::success);
  EXPECT_EQ(receive(whole, 1, 0), errno_code::again);
  EXPECT_EQ(g.read(socket_fd, 4).error(), errno_code::again);
}

TEST_F(Sockets, AShutDownForWritingEndsTheOtherSidesReads)
{
  ASSERT_EQ(g.call(sock_shutdown, socket_fd, shutdown_flag::writing), errno_code::success);
  char byte = 0;
  EXPECT_EQ(::read(pair.second.value(), &byte, 1), 0);
  EXPECT_EQ(g.write(socket_fd, "x").error(), errno_code::pipe);
}

TEST_F(Sockets, AShutDownInBothDirectionsEndsABlockedRead)
{
  running_call reader(
      g, [this](class system& s, call_context& c) { return sock_recv(s, c, socket_fd, whole, 1, 0, 64, 72); });
  reader.await_block();
  ASSERT_EQ(g.call(sock_shutdown, socket_fd, shutdown_flag::reading | shutdown_flag::writing), errno_code::success);
  EXPECT_EQ(reader.finish(), errno_code::success);
  EXPECT_EQ(received(), 0U);
}

TEST_F(Sockets, WhatIsNoSocketIsRefused)
{
  EXPECT_EQ(g.call(sock_recv, stdin_fd, whole, 1, 0, 64, 72), errno_code::notsock);
  EXPECT_EQ(g.call(sock_send, stdout_fd, whole, 1, 0, 64), errno_code::notsock);
  EXPECT_EQ(g.call(sock_shutdown, root_fd, 1), errno_code::notsock);
  EXPECT_EQ(g.call(sock_accept, root_fd, 0, 64), errno_code::notsock);
}

TEST_F(Sockets, EachCallNeedsItsRight)
{
  ASSERT_EQ(g.call(fd_fdstat_set_rights, socket_fd, 0, 0), errno_code::success);
  EXPECT_EQ(receive(whole, 1, 0), errno_code::notcapable);
  EXPECT_EQ(g.call(sock_send, socket_fd, whole, 1, 0, 64), errno_code::notcapable);
  EXPECT_EQ(g.call(sock_shutdown, socket_fd, 1), errno_code::notcapable);
  EXPECT_EQ(g.call(sock_accept, socket_fd, 0, 64), errno_code::notcapable);
}

TEST_F(Sockets, OneThatDoesNotListenAcceptsNothing)
{
  running_call acceptor(g, [](class system& s, call_context& c) { return sock_accept(s, c, socket_fd, 0, 64); });
  EXPECT_EQ(acceptor.finish(), errno_code::inval);
}

TEST_F(Sockets, CannotSeek)
{
  EXPECT_EQ(g.seek(socket_fd, 0, 0).error(), errno_code::spipe);
}

TEST_F(DatagramSockets, ACutDatagramIsToldAsSuch)
{
  pair.write("0123456789");
  ASSERT_EQ(receive(g.iovecs({{buffer, 4}}), 1, 0), errno_code::success);
  EXPECT_EQ(received(), 4U);
  EXPECT_EQ(result_flags(), receive_flag::data_truncated);
}

TEST_F(DatagramSockets, WaitingForAllTakesOneDatagram)
{
  pair.write("one");
  pair.write("two");
  ASSERT_EQ(receive(whole, 1, receive_flag::wait_all), errno_code::success);
  EXPECT_EQ(g.memory.text(buffer, received()), "one");
}

TEST_F(DatagramSockets, AnEmptyDatagramIsSent)
{
  ASSERT_EQ(g.call(sock_send, socket_fd, whole, 0, 0, 64), errno_code::success);
  char byte = 0;
  EXPECT_EQ(::recv(pair.second.value(), &byte, 1, MSG_DONTWAIT), 0);
}

TEST_F(DatagramSockets, AnEmptyDatagramThatWouldWaitSaysAgain)
{
  ASSERT_EQ(g.call(fd_fdstat_set_flags, socket_fd, fd_flag::nonblock), errno_code::success);
  outcome how = errno_code::success;
  for (int i = 0; i < 100'000 && how.is_success(); ++i) {
    how = g.call(sock_send, socket_fd, whole, 0, 0, 64);
  }
  EXPECT_EQ(how, errno_code::again);
}

/// A guest with a listening socket as descriptor 4. The host's description blocks.
class Listening : public ::testing::Test {
protected:
  Listening() { EXPECT_TRUE(g.system().descriptors().find(socket_fd)); }

  static unique_fd listen_on_loopback(sockaddr_in& address)
  {
    unique_fd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(made.value(), generic, size), 0);
    EXPECT_EQ(::listen(made.value(), 8), 0);
    EXPECT_EQ(::getsockname(made.value(), generic, &size), 0);
    return made;
  }

  unique_fd connect() const
  {
    unique_fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return client;
  }

  sockaddr_in address{};
  unique_fd listener = listen_on_loopback(address);
  guest g{[this](options& o) { o.inherited = {listener.value()}; }};
};

TEST_F(Listening, AcceptsAConnectionAndTalks)
{
  auto client = connect();
  ASSERT_EQ(g.call(sock_accept, socket_fd, 0, 64), errno_code::success);
  auto fd = g.memory.load<guest_fd>(64);
  ASSERT_EQ(::write(client.value(), "text", 4), 4);
  EXPECT_EQ(g.read(fd, 8), "text");
}

TEST_F(Listening, GivesTheAcceptedSocketItsFlags)
{
  auto client = connect();
  ASSERT_EQ(g.call(sock_accept, socket_fd, fd_flag::nonblock, 64), errno_code::success);
  auto fd = g.memory.load<guest_fd>(64);
  EXPECT_EQ(g.flags_of(fd), fd_flag::nonblock);
  EXPECT_EQ(g.read(fd, 8).error(), errno_code::again);
}

TEST_F(Listening, WaitsForAConnection)
{
  running_call acceptor(g, [](class system& s, call_context& c) { return sock_accept(s, c, socket_fd, 0, 64); });
  acceptor.await_block();
  EXPECT_FALSE(acceptor.has_ended());
  auto client = connect();
  EXPECT_EQ(acceptor.finish(), errno_code::success);
}

TEST_F(Listening, ANonblockingListenerSaysAgain)
{
  ASSERT_EQ(g.call(fd_fdstat_set_flags, socket_fd, fd_flag::nonblock), errno_code::success);
  EXPECT_EQ(g.call(sock_accept, socket_fd, 0, 64), errno_code::again);
}

TEST_F(Listening, TwoAcceptorsGetOneConnectionEach)
{
  auto accept_at = [](guest_pointer at) {
    return [at](class system& s, call_context& c) {
      return sock_accept(s, c, socket_fd, 0, at);
    };
  };
  running_call one(g, accept_at(64));
  running_call other(g, accept_at(72));
  one.await_block();
  other.await_block();
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(one.finish(), errno_code::success);
  EXPECT_EQ(other.finish(), errno_code::success);
  EXPECT_NE(g.memory.load<guest_fd>(64), g.memory.load<guest_fd>(72));
}

TEST_F(Listening, AnAcceptorThatGetsNothingGoesOnWaiting)
{
  auto accept_at = [](guest_pointer at) {
    return [at](class system& s, call_context& c) {
      return sock_accept(s, c, socket_fd, 0, at);
    };
  };
  running_call one(g, accept_at(64));
  running_call other(g, accept_at(72));
  one.await_block();
  other.await_block();
  auto client = connect();
  ASSERT_TRUE(eventually([&] { return one.has_ended() || other.has_ended(); }));
  EXPECT_NE(one.has_ended(), other.has_ended());
  one.cancel();
  other.cancel();
  EXPECT_NE(one.finish().is_success(), other.finish().is_success());
}

} // namespace
} // namespace interlink::wasi::testing

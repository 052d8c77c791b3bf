// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <limits>
#include <sys/socket.h>

namespace interlink::wasi::testing {
namespace {

constexpr std::uint64_t hour = 3'600'000'000'000;
constexpr std::uint64_t microsecond = 1'000;

struct event {
  std::uint64_t userdata;
  errno_code failure;
  event_type type;
  std::uint64_t bytes;
  bool is_hung_up;
};

/// Builds the subscriptions of one poll in guest memory, with user data 1, 2, ...
class poll_list {
public:
  explicit poll_list(guest& process) : g_(process) {}

  poll_list& clock(std::uint64_t time, std::uint32_t id = 1, std::uint16_t flags = 0)
  {
    auto sub = add(event_type::clock);
    g_.memory.store(sub + 16, id);
    g_.memory.store(sub + 24, time);
    g_.memory.store(sub + 40, flags);
    return *this;
  }

  poll_list& descriptor(event_type type, guest_fd fd)
  {
    g_.memory.store(add(type) + 16, fd);
    return *this;
  }

  outcome operator()(class system& s, call_context& c) const
  {
    return poll_oneoff(s, c, first_, events, count_, stored);
  }

  outcome run() { return (*this)(g_.system(), g_.context()); }

  std::vector<event> result() const
  {
    std::vector<event> found;
    for (std::uint32_t i = 0; i < g_.memory.load<std::uint32_t>(stored); ++i) {
      auto at = events + 32 * i;
      found.push_back({g_.memory.load<std::uint64_t>(at),
                       static_cast<errno_code>(g_.memory.load<std::uint16_t>(at + 8)),
                       static_cast<event_type>(g_.memory.load<std::uint8_t>(at + 10)),
                       g_.memory.load<std::uint64_t>(at + 16), g_.memory.load<std::uint16_t>(at + 24) != 0});
    }
    return found;
  }

private:
  static constexpr guest_pointer first_ = 32768;
  static constexpr guest_pointer events = 49152;
  static constexpr guest_pointer stored = 49152 - 8;

  guest_pointer add(event_type type)
  {
    auto sub = first_ + 48 * count_;
    ++count_;
    g_.memory.store(sub, std::uint64_t{count_});
    g_.memory.store(sub + 8, static_cast<std::uint8_t>(type));
    return sub;
  }

  guest& g_;
  guest_size count_ = 0;
};

TEST(Poll, NothingToWaitForIsInvalid)
{
  guest g;
  EXPECT_EQ(poll_list(g).run(), errno_code::inval);
}

TEST(Poll, MoreSubscriptionsThanTheLimitAreInvalid)
{
  guest g;
  EXPECT_EQ(g.call(poll_oneoff, 64, 64, static_cast<guest_size>(bound::subscriptions) + 1, 64), errno_code::inval);
}

TEST(Poll, AnUnknownTypeIsInvalid)
{
  guest g;
  EXPECT_EQ(poll_list(g).descriptor(static_cast<event_type>(3), stdin_fd).run(), errno_code::inval);
}

TEST(Poll, ATimeThatIsOverGivesItsEvent)
{
  guest g;
  poll_list list(g);
  ASSERT_EQ(list.clock(microsecond).run(), errno_code::success);
  auto events = list.result();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].userdata, 1U);
  EXPECT_EQ(events[0].failure, errno_code::success);
  EXPECT_EQ(events[0].type, event_type::clock);
}

TEST(Poll, WaitsAtLeastAsLongAsAsked)
{
  guest g;
  auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(poll_list(g).clock(5'000'000).run(), errno_code::success);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(5));
}

TEST(Poll, AnAbsoluteTimeOfThePastIsOver)
{
  guest g;
  for (std::uint32_t clock : {0U, 1U}) {
    poll_list list(g);
    EXPECT_EQ(list.clock(1, clock, 1).clock(hour).run(), errno_code::success);
    ASSERT_EQ(list.result().size(), 1U);
    EXPECT_EQ(list.result()[0].userdata, 1U);
  }
}

TEST(Poll, AnAbsoluteTimeOfTheWallClockIsWaitedFor)
{
  guest g;
  ASSERT_EQ(g.call(clock_time_get, 0, 0, 64), errno_code::success);
  auto until = g.memory.load<std::uint64_t>(64) + 5'000'000;
  ASSERT_EQ(poll_list(g).clock(until, 0, 1).run(), errno_code::success);
  ASSERT_EQ(g.call(clock_time_get, 0, 0, 64), errno_code::success);
  EXPECT_GE(g.memory.load<std::uint64_t>(64), until);
}

TEST(Poll, ClocksThatCannotBeWaitedForAreEventsWithAnErrno)
{
  guest g;
  poll_list list(g);
  ASSERT_EQ(list.clock(1, 2).clock(1, 3).clock(1, 4).clock(1, 1, 2).clock(hour).run(), errno_code::success);
  auto events = list.result();
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].failure, errno_code::notsup);
  EXPECT_EQ(events[1].failure, errno_code::notsup);
  EXPECT_EQ(events[2].failure, errno_code::inval);
  EXPECT_EQ(events[3].failure, errno_code::inval);
}

TEST(Poll, ADescriptorThatCannotBePolledIsAnEventWithAnErrno)
{
  guest g;
  poll_list list(g);
  list.descriptor(event_type::fd_read, closed_fd);
  list.descriptor(event_type::fd_write, stdin_fd);
  list.clock(hour);
  ASSERT_EQ(list.run(), errno_code::success);
  auto events = list.result();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].failure, errno_code::badf);
  EXPECT_EQ(events[1].failure, errno_code::notcapable);
  EXPECT_EQ(events[1].type, event_type::fd_write);
}

TEST(Poll, TellsHowManyBytesAPipeHas)
{
  guest g;
  g.in.write("12345");
  poll_list list(g);
  ASSERT_EQ(list.descriptor(event_type::fd_read, stdin_fd).clock(hour).run(), errno_code::success);
  ASSERT_EQ(list.result().size(), 1U);
  EXPECT_EQ(list.result()[0].bytes, 5U);
  EXPECT_FALSE(list.result()[0].is_hung_up);
}

TEST(Poll, TellsThatAPipeIsHungUp)
{
  guest g;
  g.in.close_second();
  poll_list list(g);
  ASSERT_EQ(list.descriptor(event_type::fd_read, stdin_fd).run(), errno_code::success);
  ASSERT_EQ(list.result().size(), 1U);
  EXPECT_EQ(list.result()[0].bytes, 0U);
  EXPECT_TRUE(list.result()[0].is_hung_up);
}

TEST(Poll, AFileIsReadyAndTellsTheBytesThatAreLeft)
{
  guest g;
  g.root.write("file", "0123456789");
  auto fd = g.open("file");
  (void)g.seek(fd, 4, 0);
  poll_list list(g);
  ASSERT_EQ(list.descriptor(event_type::fd_read, fd).run(), errno_code::success);
  ASSERT_EQ(list.result().size(), 1U);
  EXPECT_EQ(list.result()[0].bytes, 6U);
}

TEST(Poll, AFullPipeIsNotWritableUntilItIsRead)
{
  guest g;
  fill(g.out.second.value());
  poll_list list(g);
  list.descriptor(event_type::fd_write, stdout_fd);
  running_call poller(g, list);
  poller.await_block();
  EXPECT_FALSE(poller.has_ended());
  (void)g.out.read_some();
  EXPECT_EQ(poller.finish(), errno_code::success);
  EXPECT_EQ(list.result()[0].type, event_type::fd_write);
}

TEST(Poll, ReportsAllThatIsReadyInOneCall)
{
  guest g;
  g.in.write("x");
  poll_list list(g);
  list.clock(0).descriptor(event_type::fd_read, stdin_fd).clock(hour).descriptor(event_type::fd_write, stdout_fd);
  ASSERT_EQ(list.run(), errno_code::success);
  auto events = list.result();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].userdata, 1U);
  EXPECT_EQ(events[1].userdata, 2U);
  EXPECT_EQ(events[2].userdata, 4U);
}

TEST(Poll, TheSameDescriptorMayBeAskedForTwice)
{
  guest g;
  g.in.write("x");
  poll_list list(g);
  ASSERT_EQ(list.descriptor(event_type::fd_read, stdin_fd).descriptor(event_type::fd_read, stdin_fd).run(),
            errno_code::success);
  EXPECT_EQ(list.result().size(), 2U);
}

TEST(Poll, ATimeEndsTheWaitForASilentPipe)
{
  guest g;
  poll_list list(g);
  ASSERT_EQ(list.descriptor(event_type::fd_read, stdin_fd).clock(microsecond).run(), errno_code::success);
  ASSERT_EQ(list.result().size(), 1U);
  EXPECT_EQ(list.result()[0].type, event_type::clock);
}

TEST(Poll, AByteEndsALongSleep)
{
  guest g;
  poll_list list(g);
  list.clock(hour).descriptor(event_type::fd_read, stdin_fd);
  running_call poller(g, list);
  poller.await_block();
  EXPECT_FALSE(poller.has_ended());
  g.in.write("x");
  EXPECT_EQ(poller.finish(), errno_code::success);
  EXPECT_EQ(list.result()[0].type, event_type::fd_read);
}

TEST(Poll, ACancelEndsASleepOfAnyLength)
{
  guest g;
  for (std::uint64_t time : {hour, std::numeric_limits<std::uint64_t>::max()}) {
    for (std::uint16_t flags : {std::uint16_t{0}, std::uint16_t{1}}) {
      for (std::uint32_t clock : {0U, 1U}) {
        auto until = time == hour && flags == 1 ? std::numeric_limits<std::uint64_t>::max() / 2 : time;
        poll_list list(g);
        list.clock(until, clock, flags);
        running_call sleeper(g, list);
        sleeper.await_block();
        EXPECT_FALSE(sleeper.has_ended());
        sleeper.cancel();
        EXPECT_EQ(sleeper.finish(), outcome::cancelled());
      }
    }
  }
}

TEST(Poll, ACancelEndsAWaitForDescriptors)
{
  guest g;
  poll_list list(g);
  list.descriptor(event_type::fd_read, stdin_fd).clock(hour);
  running_call poller(g, list);
  poller.await_block();
  EXPECT_FALSE(poller.has_ended());
  poller.cancel();
  EXPECT_EQ(poller.finish(), outcome::cancelled());
}

// The kernel refuses a poll of more entries than the process may have files; clocks are no entries.
TEST(Poll, ManyClocksBesideOneDescriptorAreInOrder)
{
  guest g;
  poll_list list(g);
  list.descriptor(event_type::fd_read, stdin_fd);
  for (int i = 0; i < 300; ++i) {
    list.clock(microsecond);
  }
  descriptor_limit fewer(200);
  ASSERT_EQ(list.run(), errno_code::success);
  EXPECT_GE(list.result().size(), 1U);
}

TEST(Poll, AClosedSocketIsHungUp)
{
  auto pair = make_socket_pair(SOCK_STREAM);
  guest g([&](options& o) { o.stdin_fd = pair.first.value(); });
  pair.close_second();
  poll_list list(g);
  ASSERT_EQ(list.descriptor(event_type::fd_read, stdin_fd).run(), errno_code::success);
  ASSERT_EQ(list.result().size(), 1U);
  EXPECT_TRUE(list.result()[0].is_hung_up);
}

} // namespace
} // namespace interlink::wasi::testing

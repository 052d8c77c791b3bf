// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/canceller.hh"

#include "tests/wasi/fixture.hh"

#include <poll.h>

namespace interlink::wasi::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

bool is_readable(int fd)
{
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

TEST(Canceller, ASleepRunsToItsEnd)
{
  canceller cancel;
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(cancel.sleep_for(milliseconds(5)), outcome(errno_code::success));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(5));
}

TEST(Canceller, ASleepOfNoTimeDoesNotWait)
{
  canceller cancel;
  EXPECT_TRUE(cancel.sleep_for(nanoseconds(0)).is_success());
  EXPECT_TRUE(cancel.sleep_for(nanoseconds(-1)).is_success());
}

TEST(Canceller, EndsASleepOfAnyLength)
{
  for (nanoseconds length : {nanoseconds(hours(1)), nanoseconds::max()}) {
    guest g;
    running_call sleeper(g, [length](class system&, call_context& c) { return c.cancel.sleep_for(length); });
    sleeper.await_block();
    EXPECT_FALSE(sleeper.has_ended());
    sleeper.cancel();
    EXPECT_EQ(sleeper.finish(), outcome::cancelled());
  }
}

TEST(Canceller, EndsLaterSleepsAtOnce)
{
  canceller cancel;
  cancel.cancel();
  EXPECT_EQ(cancel.sleep_for(hours(1)), outcome::cancelled());
  EXPECT_EQ(cancel.sleep_for(nanoseconds(0)), outcome::cancelled());
}

TEST(Canceller, ItsDescriptorIsQuietUntilTheCancel)
{
  canceller cancel;
  int fd = cancel.wake_fd();
  EXPECT_FALSE(is_readable(fd));
  cancel.cancel();
  EXPECT_TRUE(is_readable(fd));
}

TEST(Canceller, ADescriptorMadeAfterTheCancelIsReadable)
{
  canceller cancel;
  cancel.cancel();
  EXPECT_TRUE(is_readable(cancel.wake_fd()));
}

TEST(Canceller, KeepsOneDescriptor)
{
  canceller cancel;
  EXPECT_EQ(cancel.wake_fd(), cancel.wake_fd());
}

TEST(Canceller, WaitsAgainAfterClear)
{
  canceller cancel;
  int fd = cancel.wake_fd();
  cancel.cancel();
  cancel.cancel();
  cancel.clear();
  EXPECT_FALSE(cancel.is_cancelled());
  EXPECT_FALSE(is_readable(fd));
  EXPECT_TRUE(cancel.sleep_for(milliseconds(1)).is_success());
}

// The descriptor is being made while the cancel looks for it: one of the two must ring.
TEST(Canceller, ACancelThatRacesWithTheDescriptorIsSeen)
{
  for (int i = 0; i < 200; ++i) {
    canceller cancel;
    std::thread other([&] { cancel.cancel(); });
    int fd = cancel.wake_fd();
    other.join();
    ASSERT_TRUE(is_readable(fd));
  }
}

} // namespace
} // namespace interlink::wasi::testing

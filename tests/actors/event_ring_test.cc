// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/event_ring.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace interlink {
namespace {

/// An event whose fields all follow from its number, so that a torn one shows.
event numbered(std::uint32_t number)
{
  event made;
  made.subject = number;
  made.message = number;
  made.cause = ~number;
  made.peer = group_id{number};
  return made;
}

bool is_whole(const event& read)
{
  const auto number = static_cast<std::uint32_t>(read.subject);
  return read.message == number && read.cause == ~number && read.peer == group_id{number};
}

std::vector<std::uint64_t> subjects(const std::vector<event>& events)
{
  std::vector<std::uint64_t> numbers;
  for (const event& each : events) {
    numbers.push_back(each.subject);
  }
  return numbers;
}

TEST(EventRing, GivesTheLastEventsOldestFirst)
{
  event_ring ring(8);
  for (std::uint32_t i = 1; i <= 5; ++i) {
    ring.write(numbered(i));
  }
  EXPECT_EQ(subjects(ring.last(3)), (std::vector<std::uint64_t>{3, 4, 5}));
}

TEST(EventRing, GivesAllWhenThereAreFewerThanAskedFor)
{
  event_ring ring(8);
  ring.write(numbered(1));
  EXPECT_EQ(subjects(ring.last(100)), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(ring.dropped(), 0U);
}

TEST(EventRing, KeepsAsManyAsItsCapacity)
{
  event_ring ring(7);
  for (std::uint32_t i = 1; i <= 20; ++i) {
    ring.write(numbered(i));
  }
  EXPECT_EQ(subjects(ring.last(100)), (std::vector<std::uint64_t>{14, 15, 16, 17, 18, 19, 20}));
  EXPECT_EQ(ring.dropped(), 13U);
}

TEST(EventRing, GivesEveryMemberAsItWas)
{
  event_ring ring(8);
  event written{.ticks = 0,
                .subject = 0x89ab'cdef,
                .name = 0x8123'4567,
                .message = 0x8000'0001,
                .cause = 0xf000'000f,
                .peer = group_id{0x9876'5432},
                .kind = event_kind::watchdog,
                .request = request_kind::none,
                .phase = event_phase::end,
                .note = static_cast<event_note>(0xa5)};
  ring.write(written);
  ring.write({.kind = event_kind{0}, .request = request_kind{0}});
  const std::vector<event> read = ring.last(2);
  written.ticks = read[0].ticks;
  EXPECT_EQ(read[0], written);
  const event least{.ticks = read[1].ticks, .kind = event_kind{0}, .request = request_kind{0}};
  EXPECT_EQ(read[1], least);
}

TEST(EventRing, TakesTheTime)
{
  event_ring ring(8);
  ring.write(numbered(1));
  ring.write(numbered(2));
  const auto events = ring.last(2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_LE(events[0].ticks, events[1].ticks);
  EXPECT_GE(event_clock::since(events[0].ticks), event_clock::duration::zero());
}

TEST(EventRing, RecordsNothingWithoutRoom)
{
  event_ring ring(0);
  ring.write(numbered(1));
  EXPECT_FALSE(ring.is_on());
  EXPECT_EQ(ring.written(), 0U);
  EXPECT_TRUE(ring.last(8).empty());
}

TEST(EventRing, GivesWholeEventsWhileTheyAreOverwritten)
{
  event_ring ring(7);
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    for (std::uint32_t i = 1; !is_over; ++i) {
      ring.write(numbered(i));
    }
  });
  std::uint64_t read = 0;
  std::uint64_t torn = 0;
  std::uint64_t out_of_order = 0;
  while (read < 100'000) {
    std::uint64_t previous = 0;
    for (const event& each : ring.last(7)) {
      ++read;
      torn += is_whole(each) ? 0 : 1;
      out_of_order += previous != 0 && each.subject != previous + 1 ? 1 : 0;
      previous = each.subject;
    }
  }
  is_over = true;
  writer.join();
  EXPECT_EQ(torn, 0U) << "of " << read;
  EXPECT_EQ(out_of_order, 0U) << "of " << read;
  EXPECT_EQ(subjects(ring.last(1)), (std::vector<std::uint64_t>{ring.written()}));
}

TEST(EventClock, TellsHowLongAgo)
{
  event_clock::start();
  const std::uint64_t before = event_clock::now();
  const auto began = schedule_clock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto told = event_clock::since(before);
  const auto passed = schedule_clock::now() - began;
  // The clocks are read one after the other: half of it is far more than they can differ by.
  EXPECT_GE(told, std::chrono::milliseconds(25));
  EXPECT_LE(told, 2 * passed);
}

} // namespace
} // namespace interlink

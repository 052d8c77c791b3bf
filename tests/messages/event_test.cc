// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/event.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

event of(event_kind kind)
{
  event made;
  made.kind = kind;
  return made;
}

TEST(Event, SaysWhatWasReceivedFromWhom)
{
  event received = of(event_kind::receive);
  received.request = request_kind::next_constructor;
  received.peer = group_id{3};
  received.message = 17;
  EXPECT_EQ(to_string(received), "receive next_constructor of thread 3, message 17");
}

TEST(Event, SaysWhichOperationAndWhy)
{
  event committed = of(event_kind::commit);
  committed.subject = 5;
  committed.cause = 17;
  EXPECT_EQ(to_string(committed), "commit operation 5, because of 17");
}

TEST(Event, SaysOfWhatItsNumberIs)
{
  event rolled_back = of(event_kind::roll_back);
  rolled_back.subject = 2;
  EXPECT_EQ(to_string(rolled_back), "roll back load 2");
  event initialised = of(event_kind::initialise);
  initialised.subject = 2;
  EXPECT_EQ(to_string(initialised), "initialise module 2");
}

TEST(Event, HasANameForEachKind)
{
  EXPECT_EQ(to_string(event_kind::send), "send");
  EXPECT_EQ(to_string(event_kind::watchdog), "watchdog");
  EXPECT_EQ(to_string(request_kind::stop), "stop");
  EXPECT_EQ(to_string(request_kind::none), "");
}

} // namespace
} // namespace interlink

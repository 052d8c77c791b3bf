// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/call_queue.hh"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace interlink {
namespace {

TEST(CallQueue, GivesCallsInTheOrderOfTheirPosts)
{
  call_queue queue;
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(queue.post([&ran, i](instance_group*) { ran.push_back(i); }), post_outcome::accepted);
  }
  for (int i = 0; i < 3; ++i) {
    (*queue.take())(nullptr);
  }
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2}));
}

TEST(CallQueue, SaysWhenItIsFull)
{
  call_queue queue;
  for (std::size_t i = 0; i < call_queue::capacity; ++i) {
    ASSERT_EQ(queue.post([](instance_group*) {}), post_outcome::accepted);
  }
  EXPECT_EQ(queue.post([](instance_group*) {}), post_outcome::full);
}

TEST(CallQueue, RefusesPostsOnceClosed)
{
  call_queue queue;
  queue.close();
  EXPECT_EQ(queue.post([](instance_group*) {}), post_outcome::closed);
}

TEST(CallQueue, EndsATakeWhenItIsClosed)
{
  call_queue queue;
  std::thread closer([&] { queue.close(); });
  EXPECT_FALSE(queue.take());
  closer.join();
}

TEST(CallQueue, AnswersWhatWillNotRun)
{
  call_queue queue;
  int answered = 0;
  queue.post([&](instance_group* group) { answered += group == nullptr ? 1 : 0; });
  queue.close();
  queue.drop_rest();
  EXPECT_EQ(answered, 1);
}

TEST(CallQueue, WakesAThreadThatWaits)
{
  call_queue queue;
  bool ran = false;
  std::thread server([&] { (*queue.take())(nullptr); });
  queue.post([&](instance_group*) { ran = true; });
  server.join();
  EXPECT_TRUE(ran);
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/call_queue.hh"

#include <gtest/gtest.h>

#include <atomic>
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

TEST(CallQueue, AnswersInTheOrderOfThePostsAndEachOnce)
{
  call_queue queue;
  std::vector<int> answered;
  for (int i = 0; i < 3; ++i) {
    queue.post([&answered, i](instance_group* group) { answered.push_back(group == nullptr ? i : -1); });
  }
  queue.drop_rest();
  queue.drop_rest();
  EXPECT_EQ(answered, (std::vector<int>{0, 1, 2}));
}

TEST(CallQueue, IsClosedByDroppingTheRest)
{
  call_queue queue;
  queue.drop_rest();
  EXPECT_EQ(queue.post([](instance_group*) {}), post_outcome::closed);
  EXPECT_FALSE(queue.take());
}

TEST(CallQueue, EndsATakeThatWaitsWhenTheRestIsDropped)
{
  call_queue queue;
  std::thread dropper([&] { queue.drop_rest(); });
  EXPECT_FALSE(queue.take());
  dropper.join();
}

// An answer is the embedder's code: it may post again, or end the process.
TEST(CallQueue, IsFreeWhileItAnswers)
{
  call_queue queue;
  std::vector<post_outcome> outcomes;
  queue.post([&](instance_group*) {
    outcomes.push_back(queue.post([](instance_group*) {}));
    queue.drop_rest();
  });
  queue.drop_rest();
  EXPECT_EQ(outcomes, std::vector<post_outcome>{post_outcome::closed});
}

TEST(CallQueue, AnswersEachPostOnceWhateverRaces)
{
  constexpr int rounds = 200;
  constexpr int posts = 20;
  for (int round = 0; round < rounds; ++round) {
    call_queue queue;
    std::atomic<int> answered = 0;
    std::atomic<int> refused = 0;
    std::thread poster([&] {
      for (int i = 0; i < posts; ++i) {
        refused += queue.post([&](instance_group*) { ++answered; }) != post_outcome::accepted ? 1 : 0;
      }
    });
    std::thread server([&] {
      while (auto call = queue.take()) {
        (*call)(nullptr);
      }
    });
    queue.drop_rest();
    poster.join();
    server.join();
    ASSERT_EQ(answered + refused, posts) << "in round " << round;
  }
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

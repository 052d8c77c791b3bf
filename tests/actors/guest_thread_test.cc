// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/guest_thread.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <pthread.h>
#include <utility>

namespace interlink {
namespace {

constexpr std::size_t stack_bytes = std::size_t{1} << 20;

TEST(GuestThread, RunsItsBodyBeforeJoinReturns)
{
  bool ran = false;
  auto thread = guest_thread::start(stack_bytes, [&] { ran = true; });
  ASSERT_TRUE(thread);
  thread->join();
  EXPECT_TRUE(ran);
}

TEST(GuestThread, HasTheStackItWasAskedFor)
{
  std::size_t found = 0;
  auto thread = guest_thread::start(stack_bytes, [&] {
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstacksize(&attributes, &found);
    pthread_attr_destroy(&attributes);
  });
  ASSERT_TRUE(thread);
  thread->join();
  EXPECT_GE(found, stack_bytes);
}

TEST(GuestThread, IsNotJoinableOnceItWasMovedFrom)
{
  auto thread = guest_thread::start(stack_bytes, [] {});
  ASSERT_TRUE(thread);
  guest_thread other = std::move(*thread);
  EXPECT_FALSE(thread->is_joinable()); // NOLINT(bugprone-use-after-move): what is tested
  EXPECT_TRUE(other.is_joinable());
  other.join();
  EXPECT_FALSE(other.is_joinable());
}

TEST(GuestThread, FreesItsBodyWhenItHasRun)
{
  auto token = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = token;
  auto thread = guest_thread::start(stack_bytes, [token = std::move(token)] {});
  ASSERT_TRUE(thread);
  thread->join();
  EXPECT_TRUE(watched.expired());
}

TEST(GuestThread, SaysThatTheSystemRefusedAThread)
{
  const auto thread = guest_thread::start(std::numeric_limits<std::size_t>::max() / 2, [] {});
  ASSERT_FALSE(thread);
  EXPECT_EQ(thread.error().code(), errc::spawn_failed);
}

TEST(GuestThread, GoesOnWhenNobodyJoinsIt)
{
  std::atomic<bool> ran{false};
  {
    auto thread = guest_thread::start(stack_bytes, [&] {
      ran = true;
      ran.notify_one();
    });
    ASSERT_TRUE(thread);
  }
  ran.wait(false);
  EXPECT_TRUE(ran);
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An open that gives its wait up, by a deadline or because it is cancelled: what it answers, and what it leaves.
#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

namespace interlink {
namespace {

using namespace std::chrono_literals;
using support::fake_call;
using support::fake_process;

enum class given_up_by : std::uint8_t { deadline, option, cancellation };

errc expected_of(given_up_by by)
{
  return by == given_up_by::cancellation ? errc::cancelled : errc::deadline_passed;
}

process_options options_for(given_up_by by)
{
  process_options options;
  if (by == given_up_by::option) {
    options.longest_open_wait = 20ms;
  }
  return options;
}

/// One group is in the constructor of `lib1.so` until the test lets it go; the other may have to wait for it.
class HeldConstructor : public testing::Test {
protected:
  explicit HeldConstructor(process_options options = {}) : process({}, std::move(options)) {}

  static auto opener(std::string name)
  {
    return [name = std::move(name)](instance_group& at) {
      return open_library(process_of(at).loader, at, name, open_flag::lazy, {}).has_value();
    };
  }

  /// Returns when the constructor has begun. The future is the open's success.
  std::future<bool> enter_constructor()
  {
    process.add({.number = 1, .has_constructor = true});
    builder = process.start();
    waiter = process.add_group();
    process.on_event = [this](instance_group&, std::uint32_t, std::uint32_t) {
      begun.set_value();
      may_end.get_future().wait();
      return result<void>{};
    };
    auto built = process.begin(builder, opener("lib1.so"));
    begun.get_future().wait();
    return built;
  }

  std::promise<void> begun;
  std::promise<void> may_end;
  group_id builder{};
  group_id waiter{};
  fake_process process; // last: its end joins the threads that use the others
};

// An interruption that comes while nothing waits ends the next wait in the linker, and only that.
TEST_F(HeldConstructor, IsWaitedForNoMoreAfterAnInterruptionButByTheNextOpen)
{
  auto built = enter_constructor();
  process.core().threads.find(waiter)->interrupt();
  const auto opened = process.open(waiter, "lib1.so");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), errc::cancelled);
  auto second = process.begin(waiter, opener("lib1.so"));
  EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  may_end.set_value();
  EXPECT_TRUE(built.get());
  EXPECT_TRUE(second.get());
}

class OpenLimit : public HeldConstructor, public testing::WithParamInterface<given_up_by> {
protected:
  OpenLimit() : HeldConstructor(options_for(GetParam())) {}

  /// Opens in `waiter`, which will have to wait, and ends the wait. What the open failed with.
  errc open_until_given_up(const std::string& name)
  {
    std::atomic<bool> is_cancelled{false};
    auto outcome = process.begin(waiter, [&](instance_group& at) {
      wait_limit limit(std::nullopt, &is_cancelled);
      if (GetParam() == given_up_by::deadline) {
        limit.deadline = parker::clock::now() + 20ms;
      }
      const auto opened = open_library(process_of(at).loader, at, name, open_flag::lazy, {}, limit);
      return opened ? errc{} : opened.error().code();
    });
    if (GetParam() == given_up_by::cancellation) {
      const auto group = process.core().threads.find(waiter);
      while (group->wait_in_linker().what == nullptr) {
        std::this_thread::yield();
      }
      is_cancelled = true;
      group->wake_waits();
    }
    return outcome.get();
  }
};

TEST_P(OpenLimit, EndsTheWaitForConstructors)
{
  auto built = enter_constructor();
  EXPECT_EQ(open_until_given_up("lib1.so"), expected_of(GetParam()));
  may_end.set_value();
  EXPECT_TRUE(built.get());
  EXPECT_TRUE(process.in(waiter, opener("lib1.so"))); // nothing stands in the way of the next
}

TEST_P(OpenLimit, EndsTheWaitForALoadAndHoldsNoClaim)
{
  process.add({.number = 1});
  process.add({.number = 2, .needed = {"lib1.so"}});
  const group_id loader = process.start();
  waiter = process.add_group();
  std::atomic<bool> is_first{true};
  process.engine().refuses = [&](fake_call which) {
    if (which == fake_call::instantiate && is_first.exchange(false)) {
      begun.set_value(); // in the rehearsal: the claims are held
      may_end.get_future().wait();
    }
    return false;
  };
  auto loaded = process.begin(loader, opener("lib1.so"));
  begun.get_future().wait();
  EXPECT_EQ(open_until_given_up("lib2.so"), expected_of(GetParam()));
  EXPECT_EQ(process.coordination().state().claims.size(), 1U); // the loader's own
  EXPECT_EQ(process.coordination().state().loads.size(), 1U);
  may_end.set_value();
  EXPECT_TRUE(loaded.get());
  EXPECT_TRUE(process.in(waiter, opener("lib2.so")));
}

TEST_P(OpenLimit, HandsTheConstructorsThatAreLeftToTheNextOpen)
{
  process.add({.number = 1, .has_constructor = true});
  process.add({.number = 2, .needed = {"lib1.so"}, .has_constructor = true});
  builder = process.start();
  waiter = process.add_group();
  std::atomic<int> second{0};
  process.on_event = [&](instance_group&, std::uint32_t, std::uint32_t number) {
    if (number == 1) {
      begun.set_value();
      may_end.get_future().wait();
    } else {
      ++second;
    }
    return result<void>{};
  };
  auto built = process.begin(builder, opener("lib1.so"));
  begun.get_future().wait();
  EXPECT_EQ(open_until_given_up("lib2.so"), expected_of(GetParam())); // committed: only constructors are left
  EXPECT_EQ(second, 0);
  may_end.set_value();
  EXPECT_TRUE(built.get());
  EXPECT_TRUE(process.in(builder, opener("lib2.so"))); // another thread's
  EXPECT_EQ(second, 1);
}

TEST_P(OpenLimit, DoesNothingToAnOpenThatWaitsForNobody)
{
  process.add({.number = 1, .has_constructor = true});
  const group_id one = process.start();
  const std::atomic<bool> is_cancelled{true};
  EXPECT_TRUE(process.in(one, [&](instance_group& at) {
    return open_library(process_of(at).loader, at, "lib1.so", open_flag::lazy, {},
                        wait_limit(parker::clock::now(), &is_cancelled))
        .has_value();
  }));
}

INSTANTIATE_TEST_SUITE_P(By, OpenLimit,
                         testing::Values(given_up_by::deadline, given_up_by::option, given_up_by::cancellation));

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checker itself: the outcomes of the well-known small programs are those of the literature, no more and no fewer.
#include "tests/memory_model/checked.hh"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace interlink::memory_model {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto seq_cst = std::memory_order_seq_cst;

struct words {
  atomic<int> x, y;
  std::array<int, 4> read{};
};

using outcomes = std::set<std::array<int, 4>>;
using body = std::function<void(words&)>;

/// What the threads read; where a thread reads nothing, 0. Of x and y at the end when `ends` says so.
outcomes of(memory model, const std::vector<body>& threads, bool ends = false)
{
  outcomes found;
  const verdict all = explore({.model = model}, [&](run& now) {
    words& shared = now.make<words>();
    for (const body& each : threads) {
      now.thread([&] { each(shared); });
    }
    now.finally([&] {
      if (ends) {
        shared.read = {shared.x.load(), shared.y.load()};
      }
      found.insert(shared.read);
    });
  });
  EXPECT_EQ(all.failure, std::nullopt);
  return found;
}

bool allows(memory model, const std::array<int, 4>& outcome, const std::vector<body>& threads, bool ends = false)
{
  return of(model, threads, ends).contains(outcome);
}

body store_x(int value, std::memory_order order)
{
  return [=](words& w) {
    w.x.store(value, order);
  };
}

body store_y(int value, std::memory_order order)
{
  return [=](words& w) {
    w.y.store(value, order);
  };
}

std::vector<body> store_buffering(std::memory_order store, std::memory_order load,
                                  std::optional<std::memory_order> fence = {})
{
  return {[=](words& w) {
            w.x.store(1, store);
            if (fence) {
              memory_model::atomic_thread_fence(*fence);
            }
            w.read[0] = w.y.load(load);
          },
          [=](words& w) {
            w.y.store(1, store);
            if (fence) {
              memory_model::atomic_thread_fence(*fence);
            }
            w.read[1] = w.x.load(load);
          }};
}

std::vector<body> message_passing(std::memory_order store, std::memory_order load,
                                  std::optional<std::memory_order> before = {},
                                  std::optional<std::memory_order> after = {})
{
  return {[=](words& w) {
            w.x.store(1, relaxed);
            if (before) {
              memory_model::atomic_thread_fence(*before);
            }
            w.y.store(1, store);
          },
          [=](words& w) {
            w.read[0] = w.y.load(load);
            if (after) {
              memory_model::atomic_thread_fence(*after);
            }
            w.read[1] = w.x.load(relaxed);
          }};
}

std::vector<body> independent_readers(std::memory_order store, std::memory_order load)
{
  return {store_x(1, store), store_y(1, store),
          [=](words& w) {
            w.read[0] = w.x.load(load);
            w.read[1] = w.y.load(load);
          },
          [=](words& w) {
            w.read[2] = w.y.load(load);
            w.read[3] = w.x.load(load);
          }};
}

TEST(Litmus, StoreBuffering)
{
  const outcomes all{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const outcomes ordered{{0, 1}, {1, 0}, {1, 1}};
  EXPECT_EQ(of(memory::cpp20, store_buffering(release, acquire)), all);
  EXPECT_EQ(of(memory::cpp20, store_buffering(seq_cst, acquire)), all);
  EXPECT_EQ(of(memory::cpp20, store_buffering(release, seq_cst)), all);
  EXPECT_EQ(of(memory::cpp20, store_buffering(seq_cst, seq_cst)), ordered);
  EXPECT_EQ(of(memory::cpp20, store_buffering(relaxed, relaxed, seq_cst)), ordered);
  EXPECT_EQ(of(memory::cpp20, store_buffering(relaxed, relaxed, std::memory_order_acq_rel)), all);
  EXPECT_EQ(of(memory::x86, store_buffering(release, seq_cst)), all);
  EXPECT_EQ(of(memory::x86, store_buffering(seq_cst, relaxed)), ordered); // the store drains the buffer
  EXPECT_EQ(of(memory::x86, store_buffering(relaxed, relaxed, seq_cst)), ordered);
}

TEST(Litmus, MessagePassing)
{
  const std::array<int, 4> stale{1, 0};
  EXPECT_TRUE(allows(memory::cpp20, stale, message_passing(relaxed, relaxed)));
  EXPECT_TRUE(allows(memory::cpp20, stale, message_passing(release, relaxed)));
  EXPECT_TRUE(allows(memory::cpp20, stale, message_passing(relaxed, acquire)));
  EXPECT_FALSE(allows(memory::cpp20, stale, message_passing(release, acquire)));
  EXPECT_FALSE(allows(memory::cpp20, stale, message_passing(relaxed, relaxed, release, acquire)));
  EXPECT_FALSE(allows(memory::cpp20, stale, message_passing(relaxed, acquire, release)));
  EXPECT_TRUE(allows(memory::cpp20, stale, message_passing(relaxed, relaxed, acquire, release)));
  EXPECT_FALSE(allows(memory::x86, stale, message_passing(relaxed, relaxed)));
}

TEST(Litmus, IndependentReadsOfIndependentWrites)
{
  const std::array<int, 4> disagree{1, 0, 1, 0};
  EXPECT_TRUE(allows(memory::cpp20, disagree, independent_readers(release, acquire)));
  EXPECT_FALSE(allows(memory::cpp20, disagree, independent_readers(seq_cst, seq_cst)));
  EXPECT_FALSE(allows(memory::x86, disagree, independent_readers(relaxed, relaxed)));
  EXPECT_EQ(of(memory::cpp20, independent_readers(relaxed, relaxed)).size(), 16U);
}

TEST(Litmus, WriteToReadCausality)
{
  const auto causality = [](std::memory_order store, std::memory_order load) {
    return std::vector<body>{store_x(1, relaxed),
                             [=](words& w) {
                               w.read[0] = w.x.load(load);
                               w.y.store(1, store);
                             },
                             [=](words& w) {
                               w.read[1] = w.y.load(load);
                               w.read[2] = w.x.load(relaxed);
                             }};
  };
  EXPECT_TRUE(allows(memory::cpp20, {1, 1, 0}, causality(relaxed, relaxed)));
  EXPECT_FALSE(allows(memory::cpp20, {1, 1, 0}, causality(release, acquire)));
  EXPECT_FALSE(allows(memory::x86, {1, 1, 0}, causality(relaxed, relaxed)));
}

TEST(Litmus, LoadBufferingIsNotModelled)
{
  const std::vector<body> threads{[](words& w) {
                                    w.read[0] = w.x.load(relaxed);
                                    w.y.store(1, relaxed);
                                  },
                                  [](words& w) {
                                    w.read[1] = w.y.load(relaxed);
                                    w.x.store(1, relaxed);
                                  }};
  EXPECT_FALSE(allows(memory::cpp20, {1, 1}, threads)); // allowed by C++20 itself, and by RC11 not
  EXPECT_EQ(of(memory::cpp20, threads), (outcomes{{0, 0}, {0, 1}, {1, 0}}));
}

/// Stores to two places in opposite orders, both first stores last in the end.
TEST(Litmus, TwoPlusTwoWrites)
{
  const auto writes = [](std::memory_order order) {
    return std::vector<body>{[=](words& w) {
                               w.x.store(1, order);
                               w.y.store(2, order);
                             },
                             [=](words& w) {
                               w.y.store(1, order);
                               w.x.store(2, order);
                             }};
  };
  EXPECT_TRUE(allows(memory::cpp20, {1, 1}, writes(relaxed), true));
  EXPECT_TRUE(allows(memory::cpp20, {1, 1}, writes(release), true));
  EXPECT_FALSE(allows(memory::cpp20, {1, 1}, writes(seq_cst), true));
  EXPECT_FALSE(allows(memory::x86, {1, 1}, writes(relaxed), true));
}

TEST(Litmus, ReadsOfOnePlaceAgreeWithItsOrder)
{
  const std::vector<body> threads{store_x(1, relaxed), store_x(2, relaxed),
                                  [](words& w) {
                                    w.read[0] = w.x.load(relaxed);
                                    w.read[1] = w.x.load(relaxed);
                                  },
                                  [](words& w) {
                                    w.read[2] = w.x.load(relaxed);
                                    w.read[3] = w.x.load(relaxed);
                                  }};
  for (const memory model : {memory::cpp20, memory::x86}) {
    const outcomes found = of(model, threads);
    EXPECT_FALSE(found.contains({1, 2, 2, 1}));
    EXPECT_FALSE(found.contains({1, 0, 0, 0}));
    EXPECT_TRUE(found.contains({1, 2, 0, 2}));
    EXPECT_TRUE(found.contains({2, 1, 0, 1}));
  }
}

TEST(Litmus, UpdatesAreOneStep)
{
  std::set<int> sums;
  std::set<std::set<int>> olds;
  const verdict all = explore({}, [&](run& now) {
    words& shared = now.make<words>();
    for (int thread = 0; thread < 3; ++thread) {
      now.thread([&, thread] { shared.read[static_cast<std::size_t>(thread)] = shared.x.fetch_add(1, relaxed); });
    }
    now.finally([&] {
      sums.insert(shared.x.load());
      olds.insert({shared.read[0], shared.read[1], shared.read[2]});
    });
  });
  EXPECT_EQ(sums, std::set<int>{3});
  EXPECT_EQ(olds, (std::set<std::set<int>>{{0, 1, 2}}));
  EXPECT_EQ(all.executions, 6); // each once
}

/// x = 1, then a release sequence of updates by others: whoever acquires the last of them sees the first's past.
TEST(Litmus, ReleaseSequencesGoOnThroughUpdates)
{
  const auto chain = [](bool by_update) {
    return std::vector<body>{[](words& w) {
                               w.x.store(1, relaxed);
                               w.y.store(1, release);
                             },
                             [=](words& w) {
                               if (by_update) {
                                 w.y.fetch_add(1, relaxed);
                               } else if (w.y.load(relaxed) == 1) {
                                 w.y.store(2, relaxed);
                               }
                             },
                             [](words& w) {
                               w.read[0] = w.y.load(acquire);
                               w.read[1] = w.x.load(relaxed);
                             }};
  };
  EXPECT_FALSE(allows(memory::cpp20, {2, 0}, chain(true)));
  EXPECT_TRUE(allows(memory::cpp20, {2, 0}, chain(false)));
}

/// Mixed orders, where C++20 is weaker than C++11 was: a store of seq_cst is no fence for the relaxed ones around it.
TEST(Litmus, ASeqCstStoreIsNoFence)
{
  const std::vector<body> threads{[](words& w) {
                                    w.x.store(1, seq_cst);
                                    w.y.store(1, relaxed);
                                  },
                                  [](words& w) {
                                    w.read[0] = w.y.load(acquire);
                                    w.read[1] = w.x.load(seq_cst);
                                  }};
  EXPECT_TRUE(allows(memory::cpp20, {1, 0}, threads));
  EXPECT_FALSE(allows(memory::x86, {1, 0}, threads));
}

struct guarded {
  atomic<int> flag;
  mutex lock;
  plain<int> value;
};

TEST(Litmus, RacesAreFound)
{
  const auto handed_on = [](std::memory_order store, std::memory_order load) {
    return explore({}, [=](run& now) {
      guarded& shared = now.make<guarded>();
      now.thread([&, store] {
        shared.value = 1;
        shared.flag.store(1, store);
      });
      now.thread([&, load] {
        if (shared.flag.load(load) == 1) {
          check(shared.value == 1, "the value is there");
        }
      });
    });
  };
  EXPECT_EQ(handed_on(release, acquire).failure, std::nullopt);
  EXPECT_EQ(handed_on(relaxed, acquire).failure, "data race: a read of a variable");
  EXPECT_EQ(handed_on(release, relaxed).failure, "data race: a read of a variable");
}

TEST(Litmus, LocksExcludeAndOrder)
{
  std::set<int> seen;
  const verdict all = explore({}, [&](run& now) {
    guarded& shared = now.make<guarded>();
    for (int thread = 1; thread <= 3; ++thread) {
      now.thread([&, thread] {
        shared.lock.lock();
        shared.value = shared.value * 10 + thread;
        shared.lock.unlock();
      });
    }
    now.finally([&] { seen.insert(shared.value); });
  });
  EXPECT_EQ(all.failure, std::nullopt);
  EXPECT_EQ(seen, (std::set<int>{123, 132, 213, 231, 312, 321}));
  EXPECT_EQ(all.executions, 6);
}

TEST(Litmus, DeadlocksAreFound)
{
  struct two {
    mutex first, second;
  };

  const verdict all = explore({}, [](run& now) {
    two& locks = now.make<two>();
    now.thread([&] {
      locks.first.lock();
      locks.second.lock();
      locks.second.unlock();
      locks.first.unlock();
    });
    now.thread([&] {
      locks.second.lock();
      locks.first.lock();
      locks.first.unlock();
      locks.second.unlock();
    });
  });
  EXPECT_EQ(all.failure, "deadlock: every thread waits");
}

} // namespace
} // namespace interlink::memory_model

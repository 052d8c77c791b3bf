// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/serial_actor.hh"

#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace interlink {
namespace {

struct note : mailbox_node {
  int number = 0;
};

class recorder final : public serial_actor {
public:
  using serial_actor::serial_actor;

  std::vector<int> handled;
  std::vector<std::size_t> batches; ///< how many had been handled at the end of each batch
  std::vector<int> drainers_own;    ///< numbers of those handled that were the drainer's own, asked in their turns
  std::function<void(note&)> on_handle;

private:
  void handle(mailbox_node& message) override
  {
    auto& received = static_cast<note&>(message);
    handled.push_back(received.number);
    if (is_drainers_own(message)) {
      drainers_own.push_back(received.number);
    }
    if (on_handle) {
      on_handle(received);
    }
  }

  void finish_batch() override { batches.push_back(handled.size()); }
};

TEST(SerialActor, RunsTheTurnOnTheSendersThreadWhenItIsIdle)
{
  asio::io_context never_run;
  recorder actor(never_run.get_executor());
  std::thread::id ran_on;
  actor.on_handle = [&](note&) {
    ran_on = std::this_thread::get_id();
  };
  note one;
  actor.tell(one);
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(SerialActor, FinishesTheBatchBeforeTellReturns)
{
  asio::io_context never_run;
  recorder actor(never_run.get_executor());
  note one;
  actor.tell(one);
  EXPECT_EQ(actor.batches, (std::vector<std::size_t>{1}));
}

TEST(SerialActor, LetsTheRunningDrainerTakeWhatComesDuringATurn)
{
  asio::io_context never_run;
  recorder actor(never_run.get_executor());
  note first;
  note second;
  second.number = 2;
  actor.on_handle = [&](note& message) {
    if (message.number == 0) {
      std::thread other([&] { actor.tell(second); });
      other.join(); // its tell returns at once: this thread is the drainer
    }
  };
  actor.tell(first);
  EXPECT_EQ(actor.handled, (std::vector<int>{0, 2}));
}

TEST(SerialActor, TellsTheDrainersOwnMessageFromThoseOfOthers)
{
  asio::io_context never_run;
  recorder actor(never_run.get_executor());
  std::vector<note> notes(3);
  for (int i = 0; i < 3; ++i) {
    notes[static_cast<std::size_t>(i)].number = i;
  }
  actor.on_handle = [&](note& message) {
    if (message.number == 0) {
      std::thread other([&] { actor.tell(notes[1]); });
      other.join();
    }
  };
  actor.tell(notes[0]);
  actor.tell(notes[2]);
  EXPECT_EQ(actor.handled, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(actor.drainers_own, (std::vector<int>{0, 2}));
}

TEST(SerialActor, MayFreeTheMessageOnceItIsHandled)
{
  asio::io_context never_run;
  recorder actor(never_run.get_executor());
  auto owned = std::make_unique<note>();
  note& message = *owned;
  actor.on_handle = [&](note&) {
    owned.reset();
  }; // as a sender that is woken may do
  actor.tell(message);
  EXPECT_EQ(owned, nullptr);
}

/// A drainer with a bound of 2 that is told 5 messages in all: the first turn tells the others.
struct bounded_scene {
  asio::io_context background;
  recorder actor{background.get_executor(), 2};
  std::vector<note> notes = std::vector<note>(5);

  bounded_scene()
  {
    for (int i = 0; i < 5; ++i) {
      notes[static_cast<std::size_t>(i)].number = i;
    }
    actor.on_handle = [this](note& message) {
      if (message.number == 0) {
        std::thread other([this] {
          for (std::size_t i = 1; i < notes.size(); ++i) {
            actor.tell(notes[i]);
          }
        });
        other.join();
      }
    };
  }
};

TEST(SerialActor, StopsDrainingAtItsBound)
{
  bounded_scene scene;
  scene.actor.tell(scene.notes[0]);
  EXPECT_EQ(scene.actor.handled, (std::vector<int>{0, 1}));
}

TEST(SerialActor, HandsTheDutyOverAtItsBound)
{
  bounded_scene scene;
  scene.actor.tell(scene.notes[0]);
  scene.background.run();
  EXPECT_EQ(scene.actor.handled, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(SerialActor, CountsAsBusyUntilTheDutyIsTakenUp)
{
  bounded_scene scene;
  scene.actor.tell(scene.notes[0]);
  note late;
  late.number = 9;
  scene.actor.tell(late);
  EXPECT_EQ(scene.actor.handled.size(), 2U);
}

TEST(SerialActor, RepliesOfABatchLeaveAfterItsEnd)
{
  bounded_scene scene;
  scene.actor.tell(scene.notes[0]);
  scene.background.run();
  EXPECT_EQ(scene.actor.batches.back(), 5U);
  EXPECT_GE(scene.actor.batches.size(), 3U); // no batch is longer than the bound
}

TEST(SerialActor, RunsTurnsOneAtATimeForManySenders)
{
  asio::thread_pool background(1);
  recorder actor(background.get_executor(), 8);
  constexpr std::size_t senders = 4;
  constexpr std::size_t each = 500;
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  std::atomic<std::size_t> done{0};
  actor.on_handle = [&](note&) {
    overlapped = overlapped || ++inside != 1;
    --inside;
    ++done;
  };
  std::vector<note> notes(senders * each);
  {
    std::vector<std::jthread> threads;
    for (std::size_t sender = 0; sender < senders; ++sender) {
      threads.emplace_back([&, sender] {
        for (std::size_t i = 0; i < each; ++i) {
          actor.tell(notes[sender * each + i]);
        }
      });
    }
  }
  background.join();
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(done, senders * each);
}

} // namespace
} // namespace interlink

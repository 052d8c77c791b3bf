// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/mailbox.hh"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace interlink {
namespace {

struct numbered_node : mailbox_node {
  int sender = 0;
  int number = 0;
};

std::vector<int> numbers_of(mailbox_node* list)
{
  std::vector<int> numbers;
  for (; list != nullptr; list = list->next_in_mailbox) {
    numbers.push_back(static_cast<numbered_node*>(list)->number);
  }
  return numbers;
}

TEST(Mailbox, MakesTheFirstPusherTheDrainer)
{
  mailbox box;
  numbered_node first;
  EXPECT_TRUE(box.push(first));
}

TEST(Mailbox, AsksNobodyElseToDrainWhileItIsBusy)
{
  mailbox box;
  std::array<numbered_node, 3> nodes;
  ASSERT_TRUE(box.push(nodes[0]));
  EXPECT_FALSE(box.push(nodes[1]));
  box.take();
  EXPECT_FALSE(box.push(nodes[2])); // taken and empty is still busy
}

TEST(Mailbox, GivesMessagesInTheOrderOfTheirPushes)
{
  mailbox box;
  std::array<numbered_node, 5> nodes;
  for (int i = 0; i < 5; ++i) {
    nodes[static_cast<std::size_t>(i)].number = i;
    static_cast<void>(box.push(nodes[static_cast<std::size_t>(i)]));
  }
  EXPECT_EQ(numbers_of(box.take()), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Mailbox, GivesNothingWhenNothingWasPushedSince)
{
  mailbox box;
  numbered_node node;
  ASSERT_TRUE(box.push(node));
  box.take();
  EXPECT_EQ(box.take(), nullptr);
}

TEST(Mailbox, KeepsTheDrainerWhileMessagesAreLeft)
{
  mailbox box;
  std::array<numbered_node, 2> nodes;
  ASSERT_TRUE(box.push(nodes[0]));
  box.take();
  static_cast<void>(box.push(nodes[1]));
  EXPECT_FALSE(box.release());
}

TEST(Mailbox, HasAnotherDrainerAfterItsRelease)
{
  mailbox box;
  std::array<numbered_node, 2> nodes;
  ASSERT_TRUE(box.push(nodes[0]));
  box.take();
  ASSERT_TRUE(box.release());
  EXPECT_TRUE(box.push(nodes[1]));
}

/// Many senders, each with its own nodes; whoever is told to drain does.
class crowd {
public:
  static constexpr int senders = 4;
  static constexpr int each = 2'000;

  void run()
  {
    std::vector<std::thread> threads;
    for (int sender = 0; sender < senders; ++sender) {
      threads.emplace_back([this, sender] {
        for (int number = 0; number < each; ++number) {
          numbered_node& node = nodes_[static_cast<std::size_t>(sender * each + number)];
          node.sender = sender;
          node.number = number;
          if (box_.push(node)) {
            drain();
          }
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }

  int most_drainers() const { return most_drainers_.load(); }

  const std::vector<std::vector<int>>& received() const { return received_; }

private:
  void drain()
  {
    const int now = ++drainers_;
    most_drainers_.store(std::max(most_drainers_.load(), now));
    do {
      for (mailbox_node* at = box_.take(); at != nullptr; at = at->next_in_mailbox) {
        const auto& node = *static_cast<numbered_node*>(at);
        received_[static_cast<std::size_t>(node.sender)].push_back(node.number);
      }
      --drainers_;
    } while (!box_.release() && ++drainers_ > 0);
  }

  mailbox box_;
  std::vector<numbered_node> nodes_{static_cast<std::size_t>(senders * each)};
  std::vector<std::vector<int>> received_{senders};
  std::atomic<int> drainers_{0};
  std::atomic<int> most_drainers_{0};
};

TEST(Mailbox, HasOneDrainerAtATimeAmongManySenders)
{
  crowd all;
  all.run();
  EXPECT_EQ(all.most_drainers(), 1);
}

TEST(Mailbox, LosesNoMessageAndKeepsEachSendersOrder)
{
  crowd all;
  all.run();
  std::vector<int> expected(crowd::each);
  for (int i = 0; i < crowd::each; ++i) {
    expected[static_cast<std::size_t>(i)] = i;
  }
  for (const std::vector<int>& of_one : all.received()) {
    EXPECT_EQ(of_one, expected);
  }
}

} // namespace
} // namespace interlink

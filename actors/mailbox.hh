// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mailbox of an actor that is drained by whoever makes it non-empty. A push answers one question: am I the one who
// must drain now? Messages are intrusive nodes owned by their senders, so a push allocates nothing and never fails, and
// a guest's request never meets a full mailbox.
//
// States of the one word: idle (null), busy and empty (the mark), busy with a stack of nodes. Only the drainer takes;
// it takes all at once and reverses them, so messages are handled in the order of their pushes.
#pragma once

#include "messages/assert.hh"

#include <atomic>

namespace interlink {

/// Base of what can be pushed. A node is in at most one mailbox at a time. Context: its owner.
struct mailbox_node {
  mailbox_node* next_in_mailbox = nullptr;
};

/// Context: push from any thread; take and release from the drainer only.
class mailbox {
public:
  /// Returns true when the mailbox was idle: the caller is the drainer now, and must drain until `release` succeeds
  /// or hand its duty to another thread.
  [[nodiscard]] bool push(mailbox_node& node)
  {
    mailbox_node* seen = head_.load(std::memory_order_relaxed);
    do {
      node.next_in_mailbox = seen == nullptr ? mark() : seen;
      // Release: the drainer's acquire in take() sees the node's contents. Acquire, paired with release(): who finds
      // the mailbox idle is the drainer now, and its actor's members are as the last drainer left them.
    } while (!head_.compare_exchange_weak(seen, &node, std::memory_order_acq_rel, std::memory_order_relaxed));
    return seen == nullptr;
  }

  /// All messages pushed so far, oldest first, as a list ended by null; null when there are none.
  mailbox_node* take()
  {
    // Acquire: all that was pushed, and what the last drainer left behind, for pushes go on with what it released.
    mailbox_node* stack = head_.exchange(mark(), std::memory_order_acquire);
    INTERLINK_ASSERT(stack != nullptr); // only a drainer takes, and a drainer's mailbox is busy
    mailbox_node* list = nullptr;
    while (stack != mark()) {
      mailbox_node* next = stack->next_in_mailbox;
      stack->next_in_mailbox = list;
      list = stack;
      stack = next;
    }
    return list;
  }

  /// Ends the duty of the drainer. False when a message has come meanwhile: the caller goes on draining.
  [[nodiscard]] bool release()
  {
    mailbox_node* expected = mark();
    return head_.compare_exchange_strong(expected, nullptr, std::memory_order_release, std::memory_order_relaxed);
  }

private:
  mailbox_node* mark() { return &mark_; }

  std::atomic<mailbox_node*> head_{nullptr};
  mailbox_node mark_;
};

} // namespace interlink

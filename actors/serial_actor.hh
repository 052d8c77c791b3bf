// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An actor that is drained by whoever makes its mailbox non-empty: the sender runs the turn on its own thread when the
// actor is idle; otherwise the running drainer takes the message. An uncontended request costs no thread switch.
//
// Messages are handled in batches: all that was in the mailbox, up to a bound. After a batch comes `finish_batch`
// (one publication, then the replies). A drainer that has handled its bound hands the duty to `continue_on`, so no
// sender serves the others for ever; the mailbox counts as busy meanwhile.
#pragma once

#include "actors/mailbox.hh"
#include "actors/schedule_point.hh"

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace interlink {

/// Context: tell from any thread; the virtual functions run one at a time, each a turn. A turn never waits.
class serial_actor {
public:
  /// `continue_on` must run work without the help of any thread that sends to this actor.
  explicit serial_actor(asio::any_io_executor continue_on, std::size_t drain_bound = drain_bound_default)
      : continue_on_(std::move(continue_on)), drain_bound_(drain_bound)
  {
  }

  serial_actor(const serial_actor&) = delete;
  serial_actor& operator=(const serial_actor&) = delete;
  virtual ~serial_actor() = default;

  /// Sends. May run turns, this one's and others', before it returns. Pre: the caller is not in a turn of this actor.
  void tell(mailbox_node& message)
  {
    schedule_point(schedule_place::send);
    if (mailbox_.push(message)) {
      drainers_own_ = &message;
      drain();
    } else {
      schedule_point(schedule_place::sent);
    }
  }

protected:
  /// In a turn or in `finish_batch`: this message was sent by the thread that runs now, from the very call that drains.
  bool is_drainers_own(const mailbox_node& message) const { return &message == drainers_own_; }

  virtual void handle(mailbox_node& message) = 0;

  /// Publishes what the batch changed; only then may replies leave: a reply must not run ahead of its cause.
  virtual void finish_batch() = 0;

  /// What must live while a handed-over drain is under way: its last replies may be what its owner was waiting for.
  virtual std::shared_ptr<void> keep_alive() { return nullptr; }

private:
  // What escapes from a turn would leave the actor half changed and for ever busy: it ends the host.
  void drain() noexcept
  {
    for (std::size_t handled = 0; handled < drain_bound_;) {
      mailbox_node* list = rest_ != nullptr ? std::exchange(rest_, nullptr) : mailbox_.take();
      while (list != nullptr && handled < drain_bound_) {
        mailbox_node* next = list->next_in_mailbox; // the node is its sender's again once it has been answered
        schedule_point(schedule_place::turn_begins);
        handle(*list);
        schedule_point(schedule_place::turn_ends);
        list = next;
        ++handled;
      }
      rest_ = list;
      finish_batch();
      drainers_own_ = nullptr; // it was in the first batch
      schedule_point(schedule_place::batch_ends);
      if (rest_ == nullptr && mailbox_.release()) {
        return; // from here another thread may be the drainer: touch nothing
      }
    }
    asio::post(continue_on_, [this, keep = keep_alive()] { drain(); });
    schedule_point(schedule_place::handed_over);
  }

  mailbox mailbox_;
  mailbox_node* rest_ = nullptr;               ///< taken and not yet handled; the drainer's own
  const mailbox_node* drainers_own_ = nullptr; ///< the message that made the mailbox non-empty, in the first batch
  asio::any_io_executor continue_on_;
  std::size_t drain_bound_;
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the embedder posts to a group: calls that run on the group's thread, between its guest calls. Bounded; full is
// an outcome, not a wait.
#pragma once

#include "actors/parker.hh"
#include "actors/ranked_mutex.hh"
#include "groups/pending_operation.hh"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace interlink {

class instance_group;

enum class post_outcome : std::uint8_t { accepted, full, closed };

/// Context: post, close, drop_rest and abandon from any thread; the rest from the group's thread.
class call_queue {
public:
  /// Runs on the group's thread, or with null when the group ends first.
  using posted_call = std::move_only_function<void(instance_group*)>;

  /// Posts that one group may have waiting. Chosen: far more than one thread answers in a scheduling quantum.
  static constexpr std::size_t capacity = 1024;

  post_outcome post(posted_call call)
  {
    std::lock_guard lock(mutex_);
    if (is_closed_) {
      return post_outcome::closed;
    }
    if (calls_.size() >= capacity) {
      return post_outcome::full;
    }
    calls_.push(std::move(call));
    ready_.unpark();
    return post_outcome::accepted;
  }

  /// Waits for the next call. Nothing when the queue is closed.
  std::optional<posted_call> take()
  {
    while (true) {
      {
        std::lock_guard lock(mutex_);
        if (is_closed_) {
          return std::nullopt;
        }
        if (calls_.size() != 0) {
          return calls_.pop();
        }
      }
      ready_.park();
    }
  }

  /// The thread carries this operation out, from here to `finish`.
  void begin(std::shared_ptr<carried_operation> operation)
  {
    std::lock_guard lock(mutex_);
    under_way_.push_back(std::move(operation));
  }

  void finish(const std::shared_ptr<carried_operation>& operation)
  {
    std::lock_guard lock(mutex_);
    std::erase(under_way_, operation);
  }

  /// Nobody waits any longer for what the thread carries out: it is completed, and what becomes of it later dropped.
  void abandon()
  {
    std::vector<std::shared_ptr<carried_operation>> left;
    {
      std::lock_guard lock(mutex_);
      left.swap(under_way_);
    }
    for (const auto& operation : left) {
      operation->abandon();
    }
  }

  /// Posts that wait for their turn.
  std::size_t waiting() const
  {
    std::lock_guard lock(mutex_);
    return calls_.size();
  }

  /// Refuses further posts and ends `take`. What is left is answered by `drop_rest`.
  void close()
  {
    std::lock_guard lock(mutex_);
    is_closed_ = true;
    ready_.unpark();
  }

  /// The same, and answers the calls that will not run. Context: any thread.
  void drop_rest()
  {
    ring rest;
    {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
      std::swap(rest, calls_);
      ready_.unpark(); // under the lock: the group may be gone as soon as its thread has seen the end
    }
    while (rest.size() != 0) {
      rest.pop()(nullptr);
    }
  }

private:
  /// First in, first out. It keeps the room that it has had, so that a post allocates nothing.
  class ring {
  public:
    std::size_t size() const { return count_; }

    void push(posted_call call)
    {
      if (count_ == slots_.size()) {
        std::ranges::rotate(slots_, slots_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
        slots_.resize(std::max<std::size_t>(8, 2 * count_));
      }
      slots_[(first_ + count_++) % slots_.size()] = std::move(call);
    }

    /// Pre: not empty.
    posted_call pop()
    {
      posted_call next = std::exchange(slots_[first_], nullptr);
      first_ = (first_ + 1) % slots_.size();
      --count_;
      return next;
    }

  private:
    std::vector<posted_call> slots_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
  };

  mutable ranked_mutex mutex_{lock_rank::call_queue};
  parker ready_;
  ring calls_;
  std::vector<std::shared_ptr<carried_operation>> under_way_; ///< innermost last
  bool is_closed_{};
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The append-only log that fans an operation out to all groups: immutable nodes linked by `next`. Every group has a
// cursor into it. A node lives as long as a cursor stands on it or before it, so a laggard keeps alive just what it
// still needs, and nothing is truncated by hand.
//
// Order that must hold: a node is linked before its version is published; a reader follows `next` only up to a version
// that it has seen published. So `next` needs no atomics of its own.
#pragma once

#include "messages/assert.hh"
#include "messages/ids.hh"

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace interlink {

/// One operation. `pending` counts the groups that have still to take it; at zero the operation has settled.
/// Context: immutable but for the count.
template <class Body>
class log_node {
public:
  log_node(topology_version version, Body body) : version_(version), body_(std::move(body)) {}

  log_node(const log_node&) = delete;
  log_node& operator=(const log_node&) = delete;

  /// A chain of nodes that die together is taken down in a loop: recursion would end the stack for a long lag.
  ~log_node()
  {
    std::shared_ptr<log_node> rest = std::move(next_);
    while (rest && rest.use_count() == 1) {
      // use_count orders nothing: what the last other owner read of the node comes before it is taken apart.
      std::atomic_thread_fence(std::memory_order_acquire);
      rest = std::exchange(rest->next_, nullptr);
    }
  }

  topology_version version() const { return version_; }

  const Body& body() const { return body_; }

  /// Pre: a version above this node's has been seen published.
  const std::shared_ptr<log_node>& next() const { return next_; }

  /// Sets how many groups are to take the operation. Context: the writer, before it is published.
  void expect(std::uint32_t groups) { pending_.store(groups, std::memory_order_relaxed); }

  /// One group has taken the operation, or has left. True for the last: the operation has settled.
  bool complete_one() const { return pending_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

  std::uint32_t pending() const { return pending_.load(std::memory_order_acquire); }

private:
  template <class>
  friend class operation_log;

  topology_version version_;
  Body body_;
  mutable std::atomic<std::uint32_t> pending_{0};
  std::shared_ptr<log_node> next_;
};

/// The writer's end. Context: owning actor.
template <class Body>
class operation_log {
public:
  using node = log_node<Body>;
  using cursor = std::shared_ptr<node>;

  /// Starts with a node of version 0 that has no meaning: a place for cursors to stand on.
  explicit operation_log(Body nothing) : tail_(std::make_shared<node>(topology_version{0}, std::move(nothing))) {}

  const cursor& append(topology_version version, Body body)
  {
    INTERLINK_ASSERT(version.value == tail_->version().value + 1); // invariant T1
    tail_->next_ = std::make_shared<node>(version, std::move(body));
    tail_ = tail_->next_;
    return tail_;
  }

  const cursor& tail() const { return tail_; }

private:
  cursor tail_;
};

} // namespace interlink

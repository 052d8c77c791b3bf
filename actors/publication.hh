// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public side of one actor: its newest snapshot, and the head, which is the version published. The head is one
// word in the control memory: guest code compares its low half before each indirect call.
//
// Orders that must hold:
//   - Nodes of the log are linked, then the snapshot is stored: a reader of a snapshot finds every node up to it.
//   - The snapshot is stored, then the head is raised: a reader of a head finds a snapshot at least as new.
//   - The head is raised, then anything of the snapshot leaves: an index that is learned from a reply or from a
//     snapshot, by whatever route, has its version in the head. Between the writer's two steps others find the snapshot
//     already, so each reader raises the head itself; nobody waits for the writer.
// docs/memory_model.md says what each memory order is for.
#pragma once

#include "actors/published.hh"
#include "actors/schedule_point.hh"
#include "messages/ids.hh"

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace interlink {

/// `Snapshot` has a `version`, a topology_version. Context: `publish` from the owning actor, everything else from any
/// thread.
template <class Snapshot>
class publication {
public:
  /// `head_word` is the version of `initial`. It outlives the publication, and belongs to it alone.
  publication(std::shared_ptr<const Snapshot> initial, std::uint64_t* head_word)
      : current_(std::move(initial)), head_(head_word)
  {
  }

  /// Pre: `next` is newer than all that were published before.
  void publish(std::shared_ptr<const Snapshot> next)
  {
    const topology_version version = next->version;
    current_.store(std::move(next));
    schedule_point(schedule_place::snapshot_stored);
    raise_head(version);
  }

  /// The version published last.
  topology_version head() const
  {
    return topology_version{std::atomic_ref<std::uint64_t>(*head_).load(std::memory_order_seq_cst)};
  }

  /// A snapshot at least as new as every head that the caller has seen, and published: the head is at its version.
  std::shared_ptr<const Snapshot> current() const
  {
    std::shared_ptr<const Snapshot> snapshot = current_.load();
    schedule_point(schedule_place::snapshot_read);
    raise_head(snapshot->version);
    return snapshot;
  }

private:
  void raise_head(topology_version version) const
  {
    std::atomic_ref<std::uint64_t> word(*head_);
    std::uint64_t seen = word.load(std::memory_order_seq_cst);
    schedule_point(schedule_place::head_read);
    while (seen < version.value &&
           !word.compare_exchange_weak(seen, version.value, std::memory_order_seq_cst, std::memory_order_seq_cst)) {
    }
    // An index that this thread's guest stores without an order leaves after the head.
    std::atomic_thread_fence(std::memory_order_release);
    schedule_point(schedule_place::head_raised);
  }

  static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);

  published<Snapshot> current_;
  std::uint64_t* head_;
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What one actor shows to everybody: its newest snapshot, and that snapshot's version in two words, one for the host
// and one in the control memory, where guest code compares it before each indirect call.
//
// Order that must hold: nodes of the log are linked, then the snapshot is stored, then the head, then the guest's word,
// and only then a reply leaves. So whoever sees a head finds a snapshot at least as new and every node up to it, and
// whoever learns an index from a reply finds its version in the word. docs/memory_model.md says what each order is for.
#pragma once

#include "actors/published.hh"
#include "actors/schedule_point.hh"
#include "messages/ids.hh"

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace interlink {

/// Context: `publish` from the owning actor, everything else from any thread.
template <class Snapshot>
class publication {
public:
  /// `guest_word` outlives the publication, and belongs to it alone.
  publication(std::shared_ptr<const Snapshot> initial, std::uint32_t* guest_word)
      : current_(std::move(initial)), guest_word_(guest_word)
  {
  }

  void publish(std::shared_ptr<const Snapshot> next, topology_version version)
  {
    current_.store(std::move(next));
    schedule_point(schedule_place::snapshot_stored);
    head_.store(version.value, std::memory_order_seq_cst);
    schedule_point(schedule_place::head_stored);
    std::atomic_ref<std::uint32_t>(*guest_word_)
        .store(static_cast<std::uint32_t>(version.value), std::memory_order_seq_cst);
    // Full fence: the index leaks to guest memory only after every processor can see the new head.
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }

  /// The version published last.
  topology_version head() const { return topology_version{head_.load(std::memory_order_seq_cst)}; }

  /// A snapshot at least as new as every head that the caller has seen.
  std::shared_ptr<const Snapshot> current() const { return current_.load(); }

private:
  published<Snapshot> current_;
  std::atomic<std::uint64_t> head_{0};
  std::uint32_t* guest_word_;
};

} // namespace interlink

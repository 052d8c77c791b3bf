// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A group's word about the memory that it may still write while it catches up: no such memory is given out again.
#pragma once

#include "actors/schedule_point.hh"
#include "messages/ids.hh"

#include <atomic>
#include <cstdint>

namespace interlink {

/// The version below which its group can no longer write memory that was freed; `clear` when the group is in no catch
/// up. Context: one group holds and releases, any thread reads.
class group_lane {
public:
  static constexpr std::uint64_t clear = ~std::uint64_t{0};

  /// A newcomer's lane is held from its join turn on, until it is built.
  explicit group_lane(std::uint64_t version = clear) : version_(version) {}

  /// Before the group reads the snapshot (invariant G2). One that is held stays at its version: only the outermost
  /// catch up stores.
  template <class Publication>
  void hold(const Publication& from)
  {
    if (version_.load(std::memory_order_relaxed) == clear) {
      const topology_version head = from.head();
      schedule_point(schedule_place::lane_read);
      version_.store(head.value, std::memory_order_seq_cst);
      schedule_point(schedule_place::lane_stored);
    }
  }

  /// The group writes no memory any more that a snapshot had given away.
  void release() { version_.store(clear, std::memory_order_seq_cst); }

  std::uint64_t version() const { return version_.load(std::memory_order_seq_cst); }

private:
  std::atomic<std::uint64_t> version_;
};

} // namespace interlink

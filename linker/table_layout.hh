// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Slots of the function table as a value: a high-water mark, free ranges, and slots at rest. A slot could be refilled
// at once, as log order and the check in front of a call suffice (only memory needs versions); the slots of a closed
// library rest nevertheless, so that a call through a stale pointer traps instead of reaching another function.
#pragma once

#include "messages/error.hh"
#include "messages/ids.hh"
#include "messages/limits.hh"

#include <cstdint>
#include <deque>
#include <vector>

namespace interlink {

/// Context: a value. Slot 0 is never handed out.
class table_layout {
public:
  struct slot_range {
    std::uint32_t base{};
    std::uint32_t count{};

    friend auto operator<=>(const slot_range&, const slot_range&) = default;
  };

  /// `first_free` is the first slot nobody owns, `maximum` the largest length the table may have, at most
  /// limit::function_table_slots.
  explicit table_layout(std::uint64_t first_free = 1, std::uint64_t maximum = limit::function_table_slots);

  /// First fit among free ranges, else at the end, else among those that rest. `count` 0 gives slot 0. Errors:
  /// table_exhausted, naming the numbers.
  result<table_index> allocate(std::uint64_t count, std::uint32_t alignment_log2);

  void free(table_index base, std::uint64_t count);

  /// Gives back slots whose numbers somebody may still hold. They go out again oldest first, and only when more than
  /// `resting` of them rest, or the table would grow past its maximum: until then a call through one finds it null.
  void retire(table_index base, std::uint64_t count, std::uint64_t resting);

  /// What rests is free.
  void end_rest();

  /// Length that every table must have.
  std::uint64_t size() const { return end_; }

  /// First slot after the last one that is taken. Tables never get shorter, so `size` may be above it.
  std::uint64_t used_end() const;

  const std::vector<slot_range>& free_ranges() const { return free_; }

  friend bool operator==(const table_layout&, const table_layout&) = default;

private:
  void replace(std::vector<slot_range>::iterator place, slot_range before, slot_range after);
  void free_oldest();

  std::vector<slot_range> free_;   // ascending, neighbours joined; the mark never moves down (tables do not shrink)
  std::deque<slot_range> resting_; // oldest first
  std::uint64_t resting_count_ = 0;
  std::uint64_t end_;
  std::uint64_t maximum_;
};

} // namespace interlink

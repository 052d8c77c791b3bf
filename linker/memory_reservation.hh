// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All the memory that one request needs, taken together or not at all: a request that cannot be served learns in one
// answer how large a block would serve it.
#pragma once

#include "linker/memory_layout.hh"

#include <cstdint>
#include <vector>

namespace interlink {

/// Works on its own copy of the arena. Context: a value.
class memory_reservation {
public:
  memory_reservation(memory_arena arena, topology_version reusable_up_to);

  /// An empty range when it cannot be served; goes on so that `shortfall` covers everything.
  memory_arena::allocation take(std::uint64_t size, std::uint64_t alignment);

  bool is_complete() const { return is_complete_; }

  /// A block of this size and alignment serves all of the request, whatever else the arena has: alignment may waste
  /// less than `alignment` bytes before each part.
  std::uint64_t block_size() const;

  std::uint64_t block_alignment() const { return alignment_; }

  const memory_arena& arena() const { return arena_; }

  const std::vector<memory_arena::allocation>& taken() const { return taken_; }

private:
  memory_arena arena_;
  topology_version reusable_up_to_;
  std::vector<memory_arena::allocation> taken_;
  std::uint64_t total_{};
  std::uint64_t alignment_ = 16; // what a C allocator grants anyway
  bool is_complete_ = true;
};

} // namespace interlink

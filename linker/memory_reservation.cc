// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/memory_reservation.hh"

#include <algorithm>
#include <utility>

namespace interlink {

memory_reservation::memory_reservation(memory_arena arena, topology_version reusable_up_to)
    : arena_(std::move(arena)), reusable_up_to_(reusable_up_to)
{
  arena_.settle(reusable_up_to_);
}

memory_arena::allocation memory_reservation::take(std::uint64_t size, std::uint64_t alignment)
{
  if (size == 0) {
    return {};
  }
  total_ += size + alignment - 1;
  alignment_ = std::max(alignment_, alignment);
  const auto taken = arena_.allocate(size, alignment, reusable_up_to_);
  if (!taken) {
    is_complete_ = false;
    return {};
  }
  taken_.push_back(*taken);
  return *taken;
}

std::uint64_t memory_reservation::block_size() const
{
  return (total_ + alignment_ - 1) / alignment_ * alignment_;
}

} // namespace interlink

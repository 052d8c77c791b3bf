// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The allocators of memory and slots beside models that remember every byte and every slot by itself.
#include "linker/memory_layout.hh"
#include "linker/memory_reservation.hh"
#include "linker/table_layout.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace interlink {
namespace {

template <class T>
rc::Gen<T> choice(T from, T to)
{
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(from, to));
}

/// One byte of the arena, as the model knows it.
struct byte_state {
  bool is_free = false;
  bool is_dirty = false;
  std::uint64_t freed_at = 0;
};

constexpr std::uint64_t arena_base = 4096;
constexpr std::uint64_t arena_bytes = 1024;

/// Context: one property's run.
class arena_model {
public:
  arena_model() : bytes_(arena_bytes, byte_state{true, false, 0}) { arena_.add({arena_base, arena_bytes}, false); }

  void allocate(std::uint64_t size, std::uint64_t alignment, std::uint64_t reusable_up_to)
  {
    const auto taken = arena_.allocate(size, alignment, topology_version{reusable_up_to});
    if (!taken) {
      RC_ASSERT(!could_serve(size, alignment, reusable_up_to));
      return;
    }
    RC_ASSERT(taken->range.size == size);
    RC_ASSERT(taken->range.address % alignment == 0U);
    RC_ASSERT(taken->range.address >= arena_base);
    RC_ASSERT(taken->range.end() <= arena_base + arena_bytes);
    for (std::uint64_t at = taken->range.address; at < taken->range.end(); ++at) {
      byte_state& byte = bytes_[at - arena_base];
      RC_ASSERT(byte.is_free);
      RC_ASSERT(byte.freed_at <= reusable_up_to);
      RC_ASSERT(!byte.is_dirty || taken->is_dirty);
      byte.is_free = false;
    }
    taken_.push_back(taken->range);
  }

  void free(std::size_t which, bool is_dirty, std::uint64_t version)
  {
    if (taken_.empty()) {
      return;
    }
    const memory_range range = taken_[which % taken_.size()];
    std::erase(taken_, range);
    arena_.free(range, is_dirty, topology_version{version});
    for (std::uint64_t at = range.address; at < range.end(); ++at) {
      bytes_[at - arena_base] = {true, is_dirty, version};
    }
  }

  void settle(std::uint64_t reusable_up_to)
  {
    arena_.settle(topology_version{reusable_up_to});
    for (byte_state& byte : bytes_) {
      byte.freed_at = byte.is_free && byte.freed_at <= reusable_up_to ? 0 : byte.freed_at;
    }
  }

  /// The free list says of every byte what the model says, and neighbours of one kind are joined.
  void check() const
  {
    std::vector<byte_state> listed(arena_bytes);
    const std::vector<memory_arena::free_range>& ranges = arena_.free_ranges();
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      RC_ASSERT(ranges[i].range.size > 0U);
      if (i > 0) {
        RC_ASSERT(ranges[i - 1].range.end() <= ranges[i].range.address);
        const bool is_one = ranges[i - 1].range.end() == ranges[i].range.address &&
                            ranges[i - 1].is_dirty == ranges[i].is_dirty &&
                            ranges[i - 1].freed_at == ranges[i].freed_at;
        RC_ASSERT(!is_one);
      }
      for (std::uint64_t at = ranges[i].range.address; at < ranges[i].range.end(); ++at) {
        listed[at - arena_base] = {true, ranges[i].is_dirty, ranges[i].freed_at.value};
      }
    }
    for (std::uint64_t at = 0; at < arena_bytes; ++at) {
      RC_ASSERT(listed[at].is_free == bytes_[at].is_free);
      RC_ASSERT(!bytes_[at].is_free || listed[at].is_dirty == bytes_[at].is_dirty);
      RC_ASSERT(!bytes_[at].is_free || listed[at].freed_at == bytes_[at].freed_at);
    }
  }

  const memory_arena& arena() const { return arena_; }

private:
  /// A range that the free list keeps whole would do: the model only knows runs of equal bytes, as the list does.
  bool could_serve(std::uint64_t size, std::uint64_t alignment, std::uint64_t reusable_up_to) const
  {
    if (size == 0) {
      return false;
    }
    for (std::uint64_t at = (arena_base + alignment - 1) / alignment * alignment; at + size <= arena_base + arena_bytes;
         at += alignment) {
      const byte_state& first = bytes_[at - arena_base];
      const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(at - arena_base);
      const bool fits = std::all_of(begin, begin + static_cast<std::ptrdiff_t>(size), [&](const byte_state& byte) {
        return byte.is_free && byte.freed_at <= reusable_up_to && byte.is_dirty == first.is_dirty &&
               byte.freed_at == first.freed_at;
      });
      if (fits) {
        return true;
      }
    }
    return false;
  }

  memory_arena arena_;
  std::vector<byte_state> bytes_;
  std::vector<memory_range> taken_;
};

using arena_step = std::tuple<int, std::uint64_t, int, std::uint64_t>; // what, size or which, alignment, version

rc::Gen<std::vector<arena_step>> arena_steps()
{
  return rc::gen::container<std::vector<arena_step>>(
      rc::gen::tuple(choice(0, 8), choice<std::uint64_t>(0, 200), choice(0, 7), choice<std::uint64_t>(0, 6)));
}

void take_step(arena_model& model, const arena_step& step)
{
  const auto [what, amount, alignment_log2, version] = step;
  if (what < 4) {
    model.allocate(amount, std::uint64_t{1} << static_cast<unsigned>(alignment_log2), version);
  } else if (what < 7) {
    model.free(amount, alignment_log2 % 2 != 0, version);
  } else {
    model.settle(version);
  }
}

RC_GTEST_PROP(MemoryArena, IsWhatAModelOfEveryByteSays, ())
{
  arena_model model;
  for (const arena_step& step : *arena_steps()) {
    take_step(model, step);
    model.check();
  }
}

// What is freed comes back: nothing is lost in splits, alignments and joins.
RC_GTEST_PROP(MemoryArena, IsWholeAgainWhenAllIsFree, ())
{
  arena_model model;
  for (const arena_step& step : *arena_steps()) {
    take_step(model, step);
  }
  for (std::size_t i = 0; i < 200; ++i) {
    model.free(0, true, 1);
  }
  model.settle(1'000);
  std::uint64_t free = 0;
  for (const memory_arena::free_range& range : model.arena().free_ranges()) {
    free += range.range.size;
  }
  RC_ASSERT(free == arena_bytes);
}

RC_GTEST_PROP(MemoryArena, GivesTheSameForTheSameHistory, ())
{
  const std::vector<arena_step> steps = *arena_steps();
  arena_model first;
  arena_model second;
  for (const arena_step& step : steps) {
    take_step(first, step);
    take_step(second, step);
  }
  RC_ASSERT(first.arena() == second.arena());
}

// The block that a reservation asks for serves it, whatever the arena has: one round trip to the guest's allocator.
RC_GTEST_PROP(MemoryReservation, IsServedByTheBlockItAsksFor, ())
{
  const auto parts = *rc::gen::container<std::vector<std::pair<std::uint64_t, int>>>(
      rc::gen::pair(choice<std::uint64_t>(0, 10'000), choice(0, 17)));
  memory_arena arena;
  arena.add({*choice<std::uint64_t>(1, 1 << 20), *choice<std::uint64_t>(0, 5'000)}, false);
  const auto reserve = [&](const memory_arena& from) {
    memory_reservation reservation(from, topology_version{0});
    for (const auto& [size, alignment_log2] : parts) {
      reservation.take(size, std::uint64_t{1} << static_cast<unsigned>(alignment_log2));
    }
    return reservation;
  };
  const memory_reservation tried = reserve(arena);
  if (tried.is_complete()) {
    return;
  }
  const std::uint64_t base = *choice<std::uint64_t>(1 << 10, 1 << 12) * tried.block_alignment() + (1ULL << 24U);
  arena.add({base / tried.block_alignment() * tried.block_alignment(), tried.block_size()}, true);
  RC_ASSERT(reserve(arena).is_complete());
}

/// Slots, each with its owner: 0 is free.
RC_GTEST_PROP(TableLayout, NeverGivesASlotTwiceAndLosesNone, ())
{
  constexpr std::uint64_t maximum = 200;
  const auto first_free = *choice<std::uint64_t>(1, 10);
  table_layout table(first_free, maximum);
  std::vector<bool> is_taken(maximum, false);
  std::vector<std::pair<std::uint32_t, std::uint64_t>> taken;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, std::uint64_t, std::uint32_t>>>(
      rc::gen::tuple(choice(0, 5), choice<std::uint64_t>(0, 40), choice<std::uint32_t>(0, 5)));
  for (const auto& [what, amount, alignment_log2] : steps) {
    if (what >= 3) {
      if (taken.empty()) {
        continue;
      }
      const auto place = taken.begin() + static_cast<std::ptrdiff_t>(amount % taken.size());
      table.free(table_index{place->first}, place->second);
      std::fill_n(is_taken.begin() + place->first, place->second, false);
      taken.erase(place);
    } else if (const auto base = table.allocate(amount, alignment_log2)) {
      if (amount == 0) {
        RC_ASSERT(*base == null_slot);
        continue;
      }
      RC_ASSERT(base->value >= first_free);
      RC_ASSERT(base->value % (1U << alignment_log2) == 0U);
      RC_ASSERT(base->value + amount <= maximum);
      RC_ASSERT(base->value + amount <= table.size());
      for (std::uint64_t slot = base->value; slot < base->value + amount; ++slot) {
        RC_ASSERT(!is_taken[slot]);
        is_taken[slot] = true;
      }
      taken.emplace_back(base->value, amount);
    } else {
      // Refused: no aligned run of free slots is long enough.
      const std::uint64_t alignment = std::uint64_t{1} << alignment_log2;
      for (std::uint64_t slot = (first_free + alignment - 1) / alignment * alignment; slot + amount <= maximum;
           slot += alignment) {
        const auto begin = is_taken.begin() + static_cast<std::ptrdiff_t>(slot);
        RC_ASSERT(std::find(begin, begin + static_cast<std::ptrdiff_t>(amount), true) !=
                  begin + static_cast<std::ptrdiff_t>(amount));
      }
    }
    std::vector<bool> is_listed(maximum, false);
    for (const table_layout::slot_range& range : table.free_ranges()) {
      std::fill_n(is_listed.begin() + range.base, range.count, true);
    }
    for (std::uint64_t slot = first_free; slot < table.size(); ++slot) {
      RC_ASSERT(is_listed[slot] != is_taken[slot]);
    }
  }
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/table_layout.hh"

#include <algorithm>
#include <string>
#include <utility>

namespace interlink {

namespace {

error table_is_full(std::uint64_t count, std::uint64_t size, std::uint64_t maximum)
{
  error_detail detail;
  detail.message = "the function table cannot take " + std::to_string(count) + " more slots: it has " +
                   std::to_string(size) + " of at most " + std::to_string(maximum);
  return {errc::table_exhausted, std::move(detail)};
}

} // namespace

table_layout::table_layout(std::uint64_t first_free, std::uint64_t maximum)
    : end_(std::max<std::uint64_t>(first_free, 1)),
      maximum_(std::min<std::uint64_t>(maximum, limit::function_table_slots))
{
}

result<table_index> table_layout::allocate(std::uint64_t count, std::uint32_t alignment_log2)
{
  if (count == 0) {
    return null_slot;
  }
  if (count > limit::function_table_slots || alignment_log2 > limit::table_alignment_log2) {
    return fail(table_is_full(count, end_, maximum_));
  }
  const std::uint64_t mask = (std::uint64_t{1} << alignment_log2) - 1;
  for (auto range = free_.begin(); range != free_.end(); ++range) {
    const std::uint64_t range_end = std::uint64_t{range->base} + range->count;
    const std::uint64_t base = (range->base + mask) & ~mask;
    if (base + count > range_end) {
      continue;
    }
    const slot_range before{range->base, static_cast<std::uint32_t>(base - range->base)};
    const slot_range after{static_cast<std::uint32_t>(base + count),
                           static_cast<std::uint32_t>(range_end - base - count)};
    replace(range, before, after);
    return table_index{static_cast<std::uint32_t>(base)};
  }
  // A free range at the end is grown, not passed over: an abandoned load must not make the table longer each time.
  const bool grows_last = !free_.empty() && std::uint64_t{free_.back().base} + free_.back().count == end_;
  const std::uint64_t from = grows_last ? free_.back().base : end_;
  const std::uint64_t base = (from + mask) & ~mask;
  if (base + count > maximum_) {
    if (resting_.empty()) {
      return fail(table_is_full(count, end_, maximum_));
    }
    free_oldest();
    return allocate(count, alignment_log2);
  }
  if (grows_last) {
    free_.pop_back();
  }
  if (base > from) {
    free_.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(base - from)});
  }
  end_ = base + count;
  return table_index{static_cast<std::uint32_t>(base)};
}

void table_layout::replace(std::vector<slot_range>::iterator place, slot_range before, slot_range after)
{
  if (before.count > 0 && after.count > 0) {
    *place = after;
    free_.insert(place, before);
  } else if (before.count > 0 || after.count > 0) {
    *place = before.count > 0 ? before : after;
  } else {
    free_.erase(place);
  }
}

void table_layout::free(table_index base, std::uint64_t count)
{
  if (count == 0) {
    return;
  }
  auto place = std::ranges::lower_bound(free_, base.value, {}, &slot_range::base);
  place = free_.insert(place, {base.value, static_cast<std::uint32_t>(count)});
  if (auto next = std::next(place); next != free_.end() && place->base + place->count == next->base) {
    place->count += next->count;
    place = std::prev(free_.erase(next));
  }
  if (place != free_.begin() && std::prev(place)->base + std::prev(place)->count == place->base) {
    std::prev(place)->count += place->count;
    free_.erase(place);
  }
}

void table_layout::retire(table_index base, std::uint64_t count, std::uint64_t resting)
{
  if (count == 0) {
    return;
  }
  resting_.push_back({base.value, static_cast<std::uint32_t>(count)});
  resting_count_ += count;
  while (resting_count_ > resting) {
    free_oldest();
  }
}

void table_layout::end_rest()
{
  while (!resting_.empty()) {
    free_oldest();
  }
}

void table_layout::free_oldest()
{
  const slot_range oldest = resting_.front();
  resting_.pop_front();
  resting_count_ -= oldest.count;
  free(table_index{oldest.base}, oldest.count);
}

std::uint64_t table_layout::used_end() const
{
  const bool ends_free = !free_.empty() && std::uint64_t{free_.back().base} + free_.back().count == end_;
  return ends_free ? free_.back().base : end_;
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/memory_layout.hh"

#include "messages/assert.hh"
#include "messages/limits.hh"

#include <algorithm>
#include <string>
#include <utility>

namespace interlink {

namespace {

constexpr std::uint64_t stack_alignment = 16;       // C ABI of wasm32
constexpr std::uint64_t lowest_data_address = 1024; // wasm-ld's own default of a fixed-address main

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment)
{
  return (value + alignment - 1) & ~(alignment - 1);
}

bool can_join(const memory_arena::free_range& low, const memory_arena::free_range& high)
{
  return low.range.end() == high.range.address && low.is_dirty == high.is_dirty && low.freed_at == high.freed_at;
}

const import_info* find_import(const module_info& info, std::string_view module_name, std::string_view name)
{
  auto found = std::ranges::find_if(info.imports, [&](const import_info& import) {
    return import.module_name == module_name && import.name == name;
  });
  return found == info.imports.end() ? nullptr : &*found;
}

/// wasm-ld always imports `__memory_base` into a PIE; a main that does not, and has data or a heap base baked in, has
/// absolute addresses. Source: measured with wasm-ld 19 and 22, test `MainLayout.KnowsAFixedAddressMain`.
bool is_fixed_address(const module_info& main)
{
  const bool has_own_range = main.dylink && main.dylink->memory_size > 0;
  if (has_own_range || find_import(main, "env", "__memory_base") != nullptr) {
    return false;
  }
  return main.find_export("__heap_base") != nullptr || main.active_data_segment_count > 0 ||
         main.passive_data_segment_count > 0;
}

std::string bytes_text(std::uint64_t bytes)
{
  return std::to_string(bytes) + " bytes";
}

main_layout fixed_address_layout(const module_info& main, main_layout layout)
{
  const std::uint64_t minimum_bytes = layout.memory.size.minimum * page_bytes;
  const export_info* heap_base = main.find_export("__heap_base");
  layout.is_fixed_address = true;
  layout.heap_base.value = heap_base != nullptr && heap_base->value ? *heap_base->value : minimum_bytes;
  layout.memory.size.minimum =
      std::max(layout.memory.size.minimum, align_up(layout.heap_base.value, page_bytes) / page_bytes);
  return layout;
}

error does_not_fit(std::uint64_t data, std::uint64_t stack, std::uint64_t maximum)
{
  error_detail detail;
  detail.message = "the main module's data (" + bytes_text(data) + ") and its stack (" + bytes_text(stack) +
                   ") do not fit in the memory's maximum (" + bytes_text(maximum) + ")";
  detail.remedy = "choose a smaller stack, or link with a larger --max-memory";
  return {errc::memory_exhausted, std::move(detail)};
}

} // namespace

void memory_arena::add(memory_range range, bool is_dirty)
{
  free(range, is_dirty, topology_version{0});
}

std::optional<memory_arena::allocation> memory_arena::allocate(std::uint64_t size, std::uint64_t alignment,
                                                               topology_version reusable_up_to)
{
  INTERLINK_ASSERT(alignment != 0 && (alignment & (alignment - 1)) == 0);
  if (size == 0 || size > address_space_bytes) {
    return std::nullopt;
  }
  auto best = ranges_.end();
  for (auto candidate = ranges_.begin(); candidate != ranges_.end(); ++candidate) {
    const bool fits = candidate->freed_at <= reusable_up_to &&
                      align_up(candidate->range.address, alignment) + size <= candidate->range.end();
    if (fits && (best == ranges_.end() || candidate->range.size < best->range.size)) {
      best = candidate;
    }
  }
  if (best == ranges_.end()) {
    return std::nullopt;
  }
  const free_range whole = *best;
  INTERLINK_ASSERT(whole.freed_at <= reusable_up_to); // invariant C3
  const memory_range taken{align_up(whole.range.address, alignment), size};
  const free_range before{{whole.range.address, taken.address - whole.range.address}, whole.is_dirty, whole.freed_at};
  const free_range after{{taken.end(), whole.range.end() - taken.end()}, whole.is_dirty, whole.freed_at};
  auto place = ranges_.erase(best);
  if (after.range.size > 0) {
    place = ranges_.insert(place, after);
  }
  if (before.range.size > 0) {
    ranges_.insert(place, before);
  }
  return allocation{taken, whole.is_dirty};
}

void memory_arena::free(memory_range range, bool is_dirty, topology_version freed_at)
{
  if (range.size == 0) {
    return;
  }
  auto place =
      std::ranges::lower_bound(ranges_, range.address, {}, [](const free_range& r) { return r.range.address; });
  place = ranges_.insert(place, free_range{range, is_dirty, freed_at});
  if (auto next = std::next(place); next != ranges_.end() && can_join(*place, *next)) {
    place->range.size += next->range.size;
    place = std::prev(ranges_.erase(next));
  }
  if (place != ranges_.begin() && can_join(*std::prev(place), *place)) {
    std::prev(place)->range.size += place->range.size;
    ranges_.erase(place);
  }
}

void memory_arena::settle(topology_version reusable_up_to)
{
  std::vector<free_range> settled;
  settled.reserve(ranges_.size());
  for (free_range range : ranges_) {
    if (range.freed_at <= reusable_up_to) {
      range.freed_at = topology_version{0};
    }
    if (!settled.empty() && can_join(settled.back(), range)) {
      settled.back().range.size += range.range.size;
    } else {
      settled.push_back(range);
    }
  }
  ranges_ = std::move(settled);
}

result<main_layout> plan_main_layout(const module_info& main, const memory_options& options)
{
  const import_info* memory_import = find_import(main, "env", "memory");
  if (memory_import == nullptr || kind_of(memory_import->type) != extern_kind::memory) {
    return fail(errc::unsupported_module,
                "a dynamically linked main module must import its memory as env.memory; link it with --import-memory");
  }
  main_layout layout;
  layout.memory = std::get<memory_type>(memory_import->type);
  if (layout.memory.is_64 || layout.memory.page_size_log2 != 16) {
    return fail(errc::unsupported_module, "only 32-bit memories with pages of 64 KiB can be linked");
  }
  const dylink_info dylink = main.dylink.value_or(dylink_info{});
  const std::uint64_t stack_bytes = options.stack_bytes;
  if (dylink.memory_alignment_log2 > limit::memory_alignment_log2 || stack_bytes >= address_space_bytes) {
    return fail(errc::limit_exceeded, "alignment of the main module's data, or the stack's size, is beyond its limit");
  }
  const std::uint64_t declared_pages = layout.memory.size.maximum.value_or(address_space_bytes / page_bytes);
  const std::uint64_t wanted_bytes = options.maximum_bytes.value_or(address_space_bytes);
  layout.maximum_pages = std::min({declared_pages, wanted_bytes / page_bytes, address_space_bytes / page_bytes});
  if (layout.memory.is_shared || layout.memory.size.maximum || options.maximum_bytes) {
    layout.memory.size.maximum = layout.maximum_pages; // growth by the guest itself stops there, too
  }
  const std::uint64_t maximum = layout.maximum_pages * page_bytes;
  if (layout.memory.size.minimum > layout.maximum_pages) {
    return fail(does_not_fit(layout.memory.size.minimum * page_bytes, 0, maximum));
  }
  if (is_fixed_address(main)) {
    layout = fixed_address_layout(main, layout);
    return layout.memory.size.minimum > layout.maximum_pages
               ? result<main_layout>(fail(does_not_fit(layout.heap_base.value, 0, maximum)))
               : layout;
  }
  layout.memory_base.value = align_up(lowest_data_address, std::uint64_t{1} << dylink.memory_alignment_log2);
  std::uint64_t data_end = layout.memory_base.value + dylink.memory_size;
  if (dylink.memory_size == 0) {
    // Nothing tells whether such a main keeps a stack of its own at a fixed place: stay above all it declares.
    data_end = std::max(data_end, layout.memory.size.minimum * page_bytes);
  }
  layout.stack_low.value = align_up(data_end, stack_alignment);
  layout.stack_high.value = layout.stack_low.value + align_up(stack_bytes, stack_alignment);
  const std::uint64_t arena_base = align_up(layout.stack_high.value, page_bytes);
  if (arena_base > maximum) {
    return fail(does_not_fit(data_end - layout.memory_base.value, stack_bytes, maximum));
  }
  // Half of what is left stays with the guest's allocator: an arena that starves it would only move the failure.
  const std::uint64_t most = (maximum - arena_base) / 2 / page_bytes * page_bytes;
  const std::uint64_t arena_bytes = std::min(options.arena_bytes, maximum);
  layout.arena = {arena_base, std::min(align_up(arena_bytes, page_bytes), most)};
  layout.heap_base.value = layout.arena.end();
  layout.memory.size.minimum = std::max(layout.memory.size.minimum, layout.heap_base.value / page_bytes);
  return layout;
}

} // namespace interlink

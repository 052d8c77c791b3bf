// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/memory_supply.hh"

#include "groups/instance_group.hh"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "loader/program_memory.hh"

namespace interlink {

namespace {

using engine::value_slot;

/// The guest's allocator may answer anything. What does not serve would be asked for again and again.
result<void> check_block(const memory_range& block, std::uint64_t alignment, std::uint64_t memory_size)
{
  if (block.address % alignment == 0 && block.end() <= memory_size) {
    return {};
  }
  error_detail detail;
  detail.message = "the guest's allocator gave a block that cannot be used";
  detail.symbol_name = "aligned_alloc";
  detail.expected = std::to_string(block.size) + " bytes, aligned to " + std::to_string(alignment) +
                    ", in the memory of " + std::to_string(memory_size) + " bytes";
  detail.found = "address " + std::to_string(block.address);
  return fail(error(errc::memory_exhausted, std::move(detail)));
}

/// Grows the linear memory by whole pages and returns the new range. Errors: memory_exhausted.
result<memory_range> add_pages(const program_facts& program, instance_group& group, std::uint64_t bytes)
{
  const unsigned page_log2 = program.layout.memory.page_size_log2;
  const auto pages = pages_for_block(program.layout, group.store().memory().size() >> page_log2, bytes);
  if (!pages) {
    return fail(pages.error());
  }
  const engine::shared_memory_ptr& shared = group.services().environment.linked_memory;
  auto before = shared ? shared->grow(*pages) : group.store().grow_private_memory(*pages);
  if (!before) {
    return fail(std::move(before.error()));
  }
  return memory_range{*before << page_log2, *pages << page_log2};
}

} // namespace

result<void> grow_memory(const program_facts& program, instance_group& group, std::uint64_t pages)
{
  const unsigned page_log2 = program.layout.memory.page_size_log2;
  const std::uint64_t now = group.store().memory().size() >> page_log2;
  if (pages <= now) {
    return {};
  }
  if (pages > program.layout.maximum_pages) {
    return fail(errc::memory_exhausted, fmt::format("{} pages of linear memory are needed, the maximum is {}", pages,
                                                    program.layout.maximum_pages));
  }
  const engine::shared_memory_ptr& shared = group.services().environment.linked_memory;
  auto grown = shared ? shared->grow(pages - now) : group.store().grow_private_memory(pages - now);
  // Another thread may have grown it meanwhile, and ours have been one growth too many.
  if (!grown && group.store().memory().size() >> page_log2 < pages) {
    return fail(std::move(grown.error()));
  }
  return {};
}

result<void> supply_memory(const program_facts& program, instance_group& group, const needs_memory& needed)
{
  if (group.applied().find(main_module) == nullptr && !program.has_wasix_libc) {
    return fail(no_room_for_needed_libraries(program.layout, needed.size));
  }
  if (const auto allocate = group.store().find_function(main_module, "aligned_alloc")) {
    // C wants the size to be a multiple of the alignment.
    const std::uint64_t size = (needed.size + needed.alignment - 1) / needed.alignment * needed.alignment;
    if (size > std::numeric_limits<std::uint32_t>::max()) {
      return fail(errc::memory_exhausted, std::to_string(size) + " bytes do not fit in a 32-bit address space");
    }
    std::array<value_slot, 2> values{value_slot::of_i32(static_cast<std::uint32_t>(needed.alignment)),
                                     value_slot::of_i32(static_cast<std::uint32_t>(size))};
    if (auto called = group.call(*allocate, values); !called) {
      return called;
    }
    if (values[0].i32() == 0) {
      return fail(errc::memory_exhausted,
                  "the guest's allocator has no " + std::to_string(size) + " bytes for the linker's arena");
    }
    const memory_range block{values[0].i32(), size};
    if (auto checked = check_block(block, needed.alignment, group.store().memory().size()); !checked) {
      return checked;
    }
    group.ask(add_memory_request{block});
    return {};
  }
  if (program.has_wasix_libc) {
    auto added = add_pages(program, group, needed.size + needed.alignment);
    if (!added) {
      return fail(std::move(added.error()));
    }
    group.ask(add_memory_request{*added});
    return {};
  }
  return fail(errc::memory_exhausted,
              "the linker's arena has no " + std::to_string(needed.size) +
                  " bytes left, and the main module exports no aligned_alloc to ask for more; link it with "
                  "--export=aligned_alloc");
}

} // namespace interlink

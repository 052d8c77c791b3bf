// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/program_memory.hh"

#include <fmt/format.h>

#include <algorithm>

namespace interlink {

bool exports_spawn_group(const module_info& main)
{
  const export_info* spawn = main.find_export(spawn_group_export);
  return spawn != nullptr && spawn->type == extern_type(function_type{{wasm::i32}, {wasm::i32}});
}

bool has_wasix_libc(const module_info& main)
{
  // Only the WASIX toolchain's start code asks for signals.
  return !exports_spawn_group(main) && std::ranges::any_of(main.imports, [](const import_info& i) {
    return i.module_name == "wasix_32v1" && i.name == "callback_signal";
  });
}

result<std::uint64_t> pages_for_block(const main_layout& layout, std::uint64_t pages_now, std::uint64_t bytes)
{
  const unsigned page_log2 = layout.memory.page_size_log2;
  const std::uint64_t pages = (bytes + (std::uint64_t{1} << page_log2) - 1) >> page_log2;
  if (pages_now + pages > layout.maximum_pages) {
    return fail(errc::memory_exhausted,
                fmt::format("{} more pages exceed the maximum of {}", pages, layout.maximum_pages));
  }
  return pages;
}

error no_room_for_needed_libraries(const main_layout& layout, std::uint64_t bytes)
{
  error_detail detail;
  detail.message = fmt::format(
      "the libraries that the program needs take {} bytes of memory more than there are before it runs", bytes);
  detail.found = fmt::format("an arena of {} bytes", layout.arena.size);
  detail.remedy = layout.arena.size == 0 ? "a program at fixed addresses leaves no room in front of its heap: link it "
                                           "with -pie, or open the libraries with dlopen"
                                         : "raise memory_options::arena_bytes";
  return {errc::memory_exhausted, std::move(detail)};
}

} // namespace interlink

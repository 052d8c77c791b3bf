// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory for the linker that is not the guest allocator's: pages of its own, which only some programs allow. Pure, so
// that `interlink ldd --plan` decides as a running program does.
#pragma once

#include "linker/memory_layout.hh"
#include "messages/error.hh"
#include "messages/module_info.hh"

#include <cstdint>
#include <string_view>

namespace interlink {

/// (i32 cookie) -> (i32 errno): makes a detached guest thread that calls `interlink_host.serve(cookie)`.
inline constexpr std::string_view spawn_group_export = "__interlink_spawn_group";

/// The main module has the guest support library's `spawn_group_export`.
bool exports_spawn_group(const module_info& main);

/// The allocator of WASIX's libc takes memory by `memory.grow` alone, so pages of ours may lie between its own.
bool has_wasix_libc(const module_info& main);

/// How many pages to add to a memory of `pages_now` for a block of `bytes`, aligned to a page.
/// Errors: memory_exhausted when the layout's maximum forbids it.
result<std::uint64_t> pages_for_block(const main_layout& layout, std::uint64_t pages_now, std::uint64_t bytes);

/// The program's own load lacks `bytes`, and there is no allocator yet that could be asked.
error no_room_for_needed_libraries(const main_layout& layout, std::uint64_t bytes);

} // namespace interlink

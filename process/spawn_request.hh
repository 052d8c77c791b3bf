// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a guest asks for with a new process, read from its memory. Pure functions on what lies there.
#pragma once

#include "wasi/errno_code.hh"
#include "wasi/guest_memory.hh"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace interlink {

/// Operations, and pairs of a signal and its disposition, of one call at most.
inline constexpr std::uint32_t spawn_operations_max = 4096;
inline constexpr std::uint32_t spawn_dispositions_max = 1024;

/// What is done to the descriptors of the new process before it starts, in order. Source: WASIX, proc_spawn_fd_op.
enum class spawn_operation_kind : std::uint8_t { close = 0, duplicate = 1, open = 2, change_directory = 3, enter = 4 };

/// Context: immutable.
struct spawn_operation {
  spawn_operation_kind kind{};
  std::uint32_t fd{};
  std::uint32_t source{}; ///< of duplicate
  std::string path{};     ///< of open and change_directory
  std::uint32_t lookup{};
  std::uint32_t open_flags{};
  std::uint64_t base_rights{};
  std::uint64_t inheriting_rights{};
  std::uint16_t flags{};
  std::uint16_t extended_flags{};
};

/// Signals whose disposition the caller sets for the new process; bit n is signal n.
struct spawn_dispositions {
  std::uint32_t ignored{};
  std::uint32_t reset{};
};

/// Strings, each ended by a line feed but the last, which need not be. Source: wasix-libc. Where a zero is among them,
/// zeros end them: so the kit's C library passes strings with line feeds.
std::vector<std::string> split_strings(std::string_view text);

/// Errors: memviolation; inval for an unknown operation; too_big for more than 4096; nametoolong.
std::expected<std::vector<spawn_operation>, wasi::errno_code>
load_operations(const wasi::guest_memory& memory, std::uint32_t address, std::uint32_t count);

/// Errors: memviolation; inval for a signal or disposition that is none.
std::expected<spawn_dispositions, wasi::errno_code> load_dispositions(const wasi::guest_memory& memory,
                                                                      std::uint32_t address, std::uint32_t count);

} // namespace interlink

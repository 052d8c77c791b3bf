// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where things lie in linear memory: main's data, its stack, the linker arena, the guest's heap; and
// the arena as a value: a list of free ranges in 64-bit arithmetic.
#pragma once

#include "messages/error.hh"
#include "messages/ids.hh"
#include "messages/module_info.hh"

#include <cstdint>
#include <optional>
#include <vector>

namespace interlink {

inline constexpr std::uint64_t page_bytes = 65'536;                          ///< WebAssembly core specification
inline constexpr std::uint64_t address_space_bytes = std::uint64_t{1} << 32; ///< of a 32-bit memory

struct memory_range {
  std::uint64_t address{};
  std::uint64_t size{};

  std::uint64_t end() const { return address + size; }

  friend auto operator<=>(const memory_range&, const memory_range&) = default;
};

/// Free ranges, each clean (never used: zero, pages untouched) or dirty (used before: its next owner zeroes it), with
/// the topology version at which a dirty one was freed. Neighbours of the same kind and version are joined, so equal
/// histories give equal values. Context: a value.
class memory_arena {
public:
  struct free_range {
    memory_range range;
    bool is_dirty{};
    topology_version freed_at; ///< 0 for clean ranges and for ranges that no group can still write

    friend auto operator<=>(const free_range&, const free_range&) = default;
  };

  struct allocation {
    memory_range range;
    bool is_dirty{}; ///< its owner zeroes it
  };

  /// Adds memory that the arena may hand out (the initial arena; blocks the guest's allocator gave).
  void add(memory_range range, bool is_dirty);

  /// Best fit, lowest address first among equals; a range freed at a version above `reusable_up_to` is passed over (a
  /// lagging group may still write there). Nothing when no range fits. Pre: alignment is a power of two.
  std::optional<allocation> allocate(std::uint64_t size, std::uint64_t alignment, topology_version reusable_up_to);

  /// Gives a range back. `freed_at` 0 when no group can write it any more (an abandoned load, a group that left).
  /// `is_dirty` false only when the range is known to be zero.
  void free(memory_range range, bool is_dirty, topology_version freed_at);

  /// Forgets when ranges were freed that may be reused by now, and joins them: versions must not fragment the arena.
  void settle(topology_version reusable_up_to);

  const std::vector<free_range>& free_ranges() const { return ranges_; }

  friend bool operator==(const memory_arena&, const memory_arena&) = default;

private:
  std::vector<free_range> ranges_; // ascending address
};

/// Options of a process that shape its memory.
struct memory_options {
  std::uint64_t stack_bytes = std::uint64_t{8} << 20;  ///< main thread's stack; WASIX uses 8 MiB
  std::uint64_t arena_bytes = std::uint64_t{64} << 20; ///< address space only; untouched pages cost nothing
  std::optional<std::uint64_t> maximum_bytes;          ///< `--max-memory`; the declared maximum otherwise
};

/// The memory of a dynamic program.
struct main_layout {
  memory_address memory_base; ///< 0 for a fixed-address main
  memory_address stack_low;   ///< 0 when the main module brings its own stack pointer
  memory_address stack_high;
  memory_range arena; ///< empty for a fixed-address main
  memory_address heap_base;
  memory_type memory;            ///< as it is made: the initial size covers heap_base, the maximum is `maximum_pages`
  std::uint64_t maximum_pages{}; ///< growth beyond this is refused; <= the type's maximum
  bool is_fixed_address{};
};

/// Errors: memory_exhausted when data and stack do not fit in the maximum (all three numbers named);
/// unsupported_module when main does not import `env.memory`; limit_exceeded for absurd sizes.
result<main_layout> plan_main_layout(const module_info& main, const memory_options& options);

} // namespace interlink

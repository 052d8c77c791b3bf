// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strong identifiers. Two ids of different kinds never compare or convert, so an argument in the wrong place does
// not compile. All are values: copyable, ordered, hashable, printable.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace interlink {

/// An integer that only compares with its own kind. `Tag` names the kind. Context: immutable.
template <class Tag, class Representation>
struct strong_id {
  using representation = Representation;

  Representation value{};

  friend constexpr auto operator<=>(strong_id, strong_id) = default;
};

/// One incarnation of a loaded module. Never reused: a library opened again after its close gets a new id.
/// 1 is the main module, 0 is none.
using module_id = strong_id<struct module_id_tag, std::uint32_t>;

/// One instance group, that is one guest thread. Never reused within a process; 0 is none.
using group_id = strong_id<struct group_id_tag, std::uint32_t>;

/// One load in flight (`dlopen` between prepare and commit, and its constructors afterwards). 0 is none.
using load_id = strong_id<struct load_id_tag, std::uint64_t>;

/// Number of operations published so far. Operation k takes a group from version k - 1 to version k.
using topology_version = strong_id<struct topology_version_tag, std::uint64_t>;

/// What `dlopen` returned: 0 is the default scope, 1 the main module (`dlopen(NULL)`), 2 and above a library.
/// Source: WASIX guest ABI.
using library_handle = strong_id<struct library_handle_tag, std::uint32_t>;

/// A slot of the function table, the same in every group. Slot 0 is null, always.
using table_index = strong_id<struct table_index_tag, std::uint32_t>;

/// A byte address in the process's linear memory. 0 is no address: nothing lives there.
using memory_address = strong_id<struct memory_address_tag, std::uint64_t>;

inline constexpr module_id no_module{0};
inline constexpr module_id main_module{1};
inline constexpr group_id no_group{0};
inline constexpr load_id no_load{0};
inline constexpr library_handle default_scope_handle{0};
inline constexpr library_handle main_handle{1};
inline constexpr library_handle next_scope_handle{~std::uint32_t{0}}; ///< RTLD_NEXT. Source: musl, glibc
inline constexpr table_index null_slot{0};

/// Identity of a file: what makes two spellings of a name the same library.
/// As for ld.so, the identity of a library is its file.
struct file_identity {
  std::uint64_t device{};
  std::uint64_t inode{};

  friend constexpr auto operator<=>(const file_identity&, const file_identity&) = default;
};

} // namespace interlink

template <class Tag, class Representation>
struct std::hash<interlink::strong_id<Tag, Representation>> {
  std::size_t operator()(interlink::strong_id<Tag, Representation> id) const noexcept
  {
    return std::hash<Representation>{}(id.value);
  }
};

template <>
struct std::hash<interlink::file_identity> {
  std::size_t operator()(const interlink::file_identity& identity) const noexcept
  {
    return std::hash<std::uint64_t>{}(identity.inode * 0x9E3779B97F4A7C15ULL ^ identity.device);
  }
};

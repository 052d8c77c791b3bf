// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The directories above the guest's mapped directories, when none of these is its root: with only /data and /usr/lib
// mapped, "/" holds data and usr, and /usr holds lib. They exist on no disk; nothing can be made or removed in them, as
// in a file system that is mounted read-only.
#pragma once

#include "wasi/open_file.hh"
#include "wasi/outcome.hh"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace interlink::wasi {

/// One of them. Context: immutable once made.
struct mount_directory {
  std::string name; ///< the guest's, in normal form
  std::uint64_t inode{};
  std::vector<std::pair<std::string, open_file_ptr>> entries; ///< sorted; mapped directories, and more of these

  /// Null when there is none of that name.
  open_file_ptr find(std::string_view wanted) const;
};

/// A mapped directory and the guest's name of it in normal form.
struct mapped_directory {
  std::string normal_name;
  open_file_ptr directory;
};

/// The root, with all that is below it. Pre: there is at least one, and none of them is "/". Of two with the same name
/// the first counts; one below another is an entry of no mount_directory.
open_file_ptr make_mount_root(const std::vector<mapped_directory>& mapped);

/// Where a path in a mount_directory leads.
struct mounted_place {
  open_file_ptr directory; ///< a host directory, a mount_directory, or null when the path names nothing
  std::string path;        ///< below a host directory; "." for itself
};

/// Walks `path`, relative and checked, by its spelling: ".." undoes the component before it, also out of a mapped
/// directory. Errors: noent when a directory on the way does not exist; notcapable when ".." leads above `start`,
/// unless `start` is the root.
expected<mounted_place> walk_mounts(const open_file_ptr& start, std::string_view path);

/// The status of one: a directory.
struct stat status_of(const mount_directory& directory) noexcept;

} // namespace interlink::wasi

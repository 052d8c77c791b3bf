// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Look-ups that cannot leave a directory. The kernel does the walk (openat2 with RESOLVE_BENEATH), so "..", symbolic
// links and renames that race with the walk are all judged where they take effect; where the kernel lacks the call, or
// a sandbox filters it, wasi/walk.hh does. Operations without an openat2 form act on one last component in a parent
// that was opened this way.
#pragma once

#include "wasi/guest_path.hh"
#include "wasi/outcome.hh"
#include "wasi/unique_fd.hh"

#include <string>

namespace interlink::wasi {

/// The directory that a look-up stays beneath.
struct base_directory {
  int fd = -1;
  /// It is the guest's "/": ".." stays there, as at any root. Only in a path without links; one that a link leads out
  /// by is refused as anywhere else.
  bool is_root = false;
};

/// Opens `path` beneath `directory` with host open flags (O_CLOEXEC is added). `mode` only counts with O_CREAT. The
/// root has dev/null, dev/zero, dev/full, dev/random and dev/urandom, the host's, where nothing else has that name.
/// Errors: notcapable when the path leads out; the host's.
expected<unique_fd> open_beneath(base_directory directory, const std::string& path, int flags, unsigned mode = 0);

/// A parent directory and the name of an entry in it, for unlinkat and its kin.
struct parent_entry {
  unique_fd opened; ///< keeps `directory` open when it is not the caller's
  int directory = -1;
  std::string name; ///< with one trailing slash when the path had any, so that the kernel wants a directory
};

/// Errors: notcapable when the path leads out, also by a last "..": such an entry is not in the parent; the host's.
expected<parent_entry> open_parent_beneath(base_directory directory, const std::string& path);

} // namespace interlink::wasi

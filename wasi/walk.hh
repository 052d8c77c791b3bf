// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The look-up of wasi/beneath.hh without openat2, for kernels before 5.6 and for sandboxes that filter the call: one
// component at a time, each opened relative to the descriptor of its parent and never through a link. The descriptors
// of the directories on the way are kept, so ".." goes back to the directory that the walk came from, whatever others
// rename meanwhile. Slower than the kernel's walk, with the same results.
#pragma once

#include "wasi/outcome.hh"
#include "wasi/unique_fd.hh"

#include <cstdint>
#include <string>

namespace interlink::wasi {

/// What a walk may do.
enum class walk_rule : std::uint8_t {
  beneath,               ///< links are followed; what leads above the directory is notcapable. As RESOLVE_BENEATH.
  in_root_without_links, ///< ".." at the directory stays there; a link is loop. As RESOLVE_IN_ROOT and _NO_SYMLINKS.
};

/// Opens `path`, which is relative, with host open flags (O_CLOEXEC is added). `mode` only counts with O_CREAT.
/// Errors: notcapable; loop; the host's, mfile where the path has more components than the process may open files.
expected<unique_fd> walk(int directory, const std::string& path, int flags, unsigned mode, walk_rule rule);

} // namespace interlink::wasi

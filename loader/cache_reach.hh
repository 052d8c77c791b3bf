// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether a guest could write to the module cache, whose files are native code that later runs execute.
#pragma once

#include "wasi/system.hh"

#include <optional>
#include <string>
#include <vector>

namespace interlink {

/// The host's name of a directory that the guest may write to and that the cache directory lies in or equals, or that
/// lies in the cache directory; nothing when there is none. Compared by device and inode up the parents, so that links
/// and second names of a directory count. A part of `cache_directory` that does not exist is passed over: what would be
/// made there lies where its nearest parent lies.
/// Context: any thread; asks the file system.
std::optional<std::string> writable_directory_around(const std::string& cache_directory,
                                                     const std::vector<wasi::preopen>& directories);

} // namespace interlink

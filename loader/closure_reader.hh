// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Step 1 of a load: finds, reads, parses, instruments and compiles everything that a library needs and that is not
// loaded yet. Claims nothing; involves no one else.
#pragma once

#include "groups/library_files.hh"
#include "linker/snapshot.hh"
#include "linker/topology.hh"
#include "messages/error.hh"

#include <string>
#include <vector>

namespace interlink {

class process_core;

/// The load request of `root` and its needed closure. Files that `loaded` has (by identity) are named and not read.
/// Errors: library_not_found naming who needs it; those of module_cache.
result<load_request> read_closure(process_core& process, const snapshot& loaded, const found_module& root,
                                  const std::vector<std::string>& library_path);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Step 1 of a load: finds, reads, parses, instruments and compiles everything that a library needs and that is not
// loaded yet. Claims nothing; involves no one else.
#pragma once

#include "groups/group_services.hh"
#include "linker/snapshot.hh"
#include "linker/topology.hh"
#include "messages/error.hh"

#include <string>
#include <vector>

#include "loader/loader_services.hh"

namespace interlink {

/// The load request of `root` and its needed closure. Files that `loaded` has (by identity) are named and not read.
/// Errors: library_not_found naming who needs it; those of module_cache; stopping when the process ends meanwhile.
result<load_request> read_closure(const loader_services& loader, const group_services& process, const snapshot& loaded,
                                  const found_module& root, const std::vector<std::string>& library_path);

} // namespace interlink

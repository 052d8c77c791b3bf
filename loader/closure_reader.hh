// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Step 1 of a load: finds and reads everything that a library needs and that is not loaded yet, and compiles it. In two
// parts, for compiling takes by far the longest: a load that cannot be linked is refused between them. Claims nothing;
// involves no one else.
#pragma once

#include "groups/group_services.hh"
#include "linker/snapshot.hh"
#include "linker/topology.hh"
#include "messages/error.hh"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "loader/loader_services.hh"

namespace interlink {

/// A library and all that it needs, as read. Context: a value.
struct needed_closure {
  struct unready_module {
    std::size_t place{}; ///< in `load_request::modules`
    module_content content;
    std::shared_ptr<const wasi::unique_fd> file; ///< open while the library is loaded
  };

  load_request request; ///< who loads, and how, is the caller's to fill in; artifacts are missing
  std::vector<unready_module> unready;

  /// Nothing would be gained by a check in front of `make_ready`.
  bool is_compiled() const;
};

/// `group` is for the log. Files that `loaded` has (by identity) are named and not read.
/// Errors: library_not_found and others of finding and reading a library, all of them in one, each with the module that
/// needs it; stopping when the process ends meanwhile.
result<needed_closure> read_closure(const loader_services& loader, const group_services& process,
                                    const snapshot& loaded, const found_module& root,
                                    const std::vector<std::string>& library_path, group_id group = no_group);

/// Instruments, and then compiles, what is not compiled; `events` are of whoever loads. Errors: those of module_cache.
result<load_request> make_ready(const loader_services& loader, actor_events& events, needed_closure closure);

/// One error for several libraries that cannot be loaded: a user who mends one at a time loses a day. A single failure
/// stays as it is. Pre: not empty.
error combine(const std::vector<error>& failures);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every open of a library in a process uses, and what it has to know of the program.
#pragma once

#include "linker/memory_layout.hh"

#include <chrono>
#include <memory>
#include <optional>

#include "loader/closed_libraries.hh"
#include "loader/closure_code.hh"
#include "loader/debug_log.hh"
#include "loader/exit_handlers.hh"
#include "loader/library_files.hh"
#include "loader/module_cache.hh"
#include "loader/policy.hh"

namespace interlink {

/// What a program is, as its bytes say.
struct program_facts {
  found_module file;
  main_layout layout;
  bool is_dynamic{};
  bool has_wasix_libc{};      ///< growth of ours may stand between its allocator's own
  bool exports_spawn_group{}; ///< it has the guest support library's `spawn_group_export`
};

/// Context: made before start, immutable afterwards; what is in it may be used by any thread.
struct loader_services {
  library_files files;
  std::shared_ptr<module_cache> modules;
  std::shared_ptr<closure_code> closures;
  std::shared_ptr<exit_handlers> handlers = std::make_shared<exit_handlers>();
  std::shared_ptr<closed_libraries> closed = std::make_shared<closed_libraries>();
  debug_log log;
  audit policy;
  program_facts program;
  std::optional<std::chrono::milliseconds> longest_open_wait; ///< of each open, for other threads' loads and
                                                              ///< constructors
};

} // namespace interlink

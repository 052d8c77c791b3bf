// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a module needs, and what that needs: found and read as a load would, without an engine and without stopping at
// the first library that is missing.
#pragma once

#include "messages/error.hh"
#include "messages/module_info.hh"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "loader/library_files.hh"

namespace interlink::cli {

/// One entry of a needed list.
struct needed_entry {
  std::string name;
  std::optional<std::size_t> module; ///< place in `needed_tree::modules`; nothing when it cannot be loaded
  std::optional<error> failure;      ///< why not
};

struct needed_module {
  found_module file;
  module_info_ptr info;
  std::vector<needed_entry> needed; ///< in the order of dylink.0
};

/// Each file once, breadth-first, in the order in which a load numbers them. [0] is the root.
struct needed_tree {
  std::vector<needed_module> modules;

  /// Why entries cannot be loaded, in the order of the modules.
  std::vector<error> failures() const;
};

/// Errors: those of reading the root, which do not name it. A failure of a needed library is kept at its entry.
/// `library_path`: the guest's LD_LIBRARY_PATH.
result<needed_tree> read_needed_tree(const library_files& libraries, found_module root,
                                     const std::vector<std::string>& library_path = {});

/// One line for each entry, `name => path` or `name => not found`, indented by depth. A library that was shown before
/// is marked and not expanded again.
std::string to_text(const needed_tree& tree);

} // namespace interlink::cli

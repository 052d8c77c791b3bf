// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What resolution found wrong. A load reports all of it at once: a user who mends one symbol at a time loses a day.
#pragma once

#include "messages/error.hh"

#include <string>
#include <vector>

namespace interlink {

/// A symbol that was found with another kind or type than it was imported with.
struct symbol_mismatch {
  std::string module_name; ///< who imports it
  std::string import_module;
  std::string symbol_name;
  std::string expected;
  std::string found; ///< with where it was found
};

/// Context: a value.
struct symbol_problems {
  std::vector<missing_symbol> missing;         ///< symbols that no module defines
  std::vector<missing_symbol> unknown_imports; ///< imports that neither the guest ABI nor the embedder provides
  std::vector<symbol_mismatch> mismatches;
  std::vector<error> refusals; ///< what cannot be linked at all

  bool empty() const { return missing.empty() && unknown_imports.empty() && mismatches.empty() && refusals.empty(); }

  /// One error: its code is that of the first non-empty list, in the order above; its text has all lists.
  /// Pre: not empty.
  error to_error() const;
};

} // namespace interlink

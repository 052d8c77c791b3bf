// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What lies outside all guest modules: the functions, globals, memories and so on that the guest ABI and the embedder
// offer.
#pragma once

#include "messages/wasm_types.hh"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace interlink {

/// What the guest ABI and the embedder offer to imports: exact types by (module, name). Any function of an open module
/// (`wasix_32v1`) is accepted with any signature, as the guest ABI answers Notsup there. Context: immutable.
struct host_catalog {
  std::map<std::pair<std::string, std::string>, extern_type> offered;
  std::set<std::string> open_modules;

  /// Null when it is not offered.
  const extern_type* find(const std::string& module_name, const std::string& name) const
  {
    const auto found = offered.find({module_name, name});
    return found == offered.end() ? nullptr : &found->second;
  }
};

} // namespace interlink

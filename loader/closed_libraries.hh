// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Libraries closed lately, for the message of a call through a stale pointer.
#pragma once

#include "actors/ranked_mutex.hh"
#include "messages/ids.hh"
#include "messages/wasm_types.hh"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace interlink {

class instance_group;

/// Context: any thread; a leaf lock is held for moments.
class closed_libraries {
public:
  /// Notes the path, and the types of all functions that a pointer could have led to. Called by a closer, between the
  /// turns of the close.
  void add(std::string path, std::vector<function_type> types);

  /// Those of `paths` that had a function of the type, as far as is known: the closes that a thread's end cut short are
  /// not noted.
  std::vector<std::string> with_function_of(const function_type& type, const std::vector<std::string>& paths) const;

private:
  struct closed_library {
    std::string path;
    std::vector<function_type> types;
  };

  mutable ranked_mutex mutex_{lock_rank::exit_handlers};
  std::deque<closed_library> newest_; ///< first
};

/// The types of a module's functions that have slots or are exported, each once. Context: the group's thread; the
/// module is loaded.
std::vector<function_type> pointed_types(instance_group& group, module_id module);

} // namespace interlink

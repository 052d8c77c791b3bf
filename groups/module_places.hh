// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a frame as the engine tells it, which is of rewritten code, to one of the user's file. The engine says of a
// frame's module only the name that its bytes carry; so the bytes carry the hash of the file that they were made from.
#pragma once

#include "messages/error.hh"
#include "messages/module_info.hh"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "wasm/code_map.hh"

namespace interlink {

/// What frames of one module's code need. Context: immutable.
struct module_places {
  std::string engine_name; ///< the module's name in the bytes that the engine has
  std::string hash;        ///< of the original's bytes, hexadecimal
  code_map code;
  module_info_ptr info;
};

using module_places_ptr = std::shared_ptr<const module_places>;

/// The modules of one store, dead ones included: a frame may be of a library that was closed. Files with the same bytes
/// share their code, so the first one's name stands for all.
/// Context: the thread that runs the store.
class known_places {
public:
  void add(const std::string& name, const module_places_ptr& places);

  /// A frame of a module that is not known, as of generated code, stays as it is.
  void read(guest_frame& frame) const;

private:
  struct known_module {
    std::string name;
    module_places_ptr places;
  };

  std::map<std::string, known_module, std::less<>> by_engine_name_;
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host functions and memories that guests may import, by module and name: the guest ABI's and the embedder's.
#pragma once

#include "engine/engine.hh"
#include "linker/topology.hh"
#include "messages/error.hh"
#include "messages/wasm_types.hh"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>

namespace interlink {

class instance_group;

/// Arguments in, results out, in the same slots. An error unwinds the guest.
using host_call = std::function<result<void>(instance_group& group, std::span<engine::value_slot> values)>;

struct host_function {
  function_type type;
  host_call call;
  std::string name{}; ///< module and name, for reports
};

/// Context: before start; immutable afterwards.
class host_registry {
public:
  using entry = std::variant<host_function, engine::shared_memory_ptr>;

  /// Replaces an entry of the same names, so an embedder can override the guest ABI.
  void add(std::string module_name, std::string name, function_type type, host_call call);
  void add(std::string module_name, std::string name, engine::shared_memory_ptr memory);

  /// Functions of this import module that nobody offers link all the same and answer Notsup (58).
  void open(std::string module_name) { open_modules_.insert(std::move(module_name)); }

  /// Entries of `other` replace those of the same names.
  void override_with(host_registry other);

  /// Puts `wrap` around every function; it gets the call and its name.
  void wrap_functions(const std::function<host_call(host_call, const std::string& name)>& wrap);

  const entry* find(const std::string& module_name, const std::string& name) const;

  /// The types, for the planner.
  std::shared_ptr<const host_catalog> catalog() const;

private:
  std::map<std::pair<std::string, std::string>, entry> entries_;
  std::set<std::string> open_modules_;
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A group without an engine: it carries out plans and operations as an instance group does, on a table that holds the
// names of functions. What a plan is worth shows in what a call reaches.
#pragma once

#include "linker/snapshot.hh"
#include "messages/operation.hh"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace interlink::support {

/// A function that code ends up in: defined by a module, or the host's of that name.
struct reached_function {
  module_id module;
  std::uint32_t function_index{};
  std::string host;

  friend auto operator<=>(const reached_function&, const reached_function&) = default;
};

/// Context: a value.
class replayed_group {
public:
  /// As a new group is built.
  static replayed_group built_from(const snapshot& state);

  /// Each operation but the requester's own loads, in order.
  void apply(const operation_body& operation);
  /// The requester's own, before it is committed.
  void rehearse(const load_plan_ptr& plan);
  void forget(const load_plan& plan);

  /// What a call of that imported function, or of that slot, reaches in this group; nothing when it is unbound.
  /// `state` tells what thunks are bound to.
  std::optional<reached_function> reached_by(const snapshot& state, module_id importer,
                                             std::uint32_t import_ordinal) const;
  std::optional<reached_function> reached_by(table_index slot) const;

  const std::map<std::uint32_t, reached_function>& table() const { return table_; }

  /// What an instance group would have failed on, or overwritten.
  const std::vector<std::string>& complaints() const { return complaints_; }

private:
  struct instance {
    load_plan_ptr load;
    std::size_t ordinal{};

    const module_plan& plan() const { return load->modules[ordinal]; }
  };

  void add_module(const load_plan_ptr& load, std::size_t ordinal);
  void fill(const std::vector<slot_fill>& slots);
  void put(table_index slot, const reached_function& function);
  void grow(std::uint64_t size);
  std::optional<reached_function> function_of(module_id provider, std::uint32_t function_index) const;

  std::map<module_id, instance> instances_;
  std::map<std::uint32_t, reached_function> table_;
  std::uint64_t table_size_ = 1;
  std::vector<std::string> complaints_;
};

} // namespace interlink::support

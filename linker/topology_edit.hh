// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How turns change a topology: the steps that several of them share. For the files that implement linker/topology.hh.
#pragma once

#include "linker/topology.hh"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace interlink {

/// The snapshot that a turn publishes next: a copy of the current one, one version on, to be changed before `publish`.
class next_snapshot {
public:
  explicit next_snapshot(const topology& state);

  snapshot& edit() { return *next_; }

  /// The slots of one published module, copied on first use.
  module_slots& slots_of(module_id id);

  /// Notes the slot of a function that had none: of a published module, or of the host.
  void give_slot(const slot_fill& given);

  /// Commit point: what the groups read from now on.
  void publish(topology& state);

private:
  std::shared_ptr<snapshot> next_;
  std::map<std::size_t, std::shared_ptr<module_slots>> changed_;
};

/// One reference more for each provider of each importer.
void take_references(topology& state, const std::map<module_id, std::set<module_id>>& bound_to);
void give_back_references(topology& state, const std::map<module_id, std::set<module_id>>& bound_to);

/// Members of `closure` that are not in the global scope yet are added to it at the end.
void promote_to_global(snapshot& next, const std::vector<module_id>& closure);

/// The global scope has all of the closure.
bool is_global(const snapshot& in, const std::vector<module_id>& closure);

/// Bare names by which a library was asked for: from now on they mean this one.
void note_names(snapshot& next, const std::vector<std::string>& asked, const loaded_module& library);

/// What already loaded members of a root's closure gain when the root is loaded or opened: its scope.
void note_later_root(topology& state, const loaded_module& root);

/// A group's constructors when it leaves: those it has begun count as run, the others are anybody's.
void hand_over_constructions(topology& state, group_id group);

/// T7: true when the chain of waits from `owner` leads to `group`.
bool closes_cycle(const topology& state, group_id group, group_id owner);

/// True when some module, loaded or prepared, has an initialiser that needs a scratch stack.
bool has_open_initialisers(const topology& state);

} // namespace interlink

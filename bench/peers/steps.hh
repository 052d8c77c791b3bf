// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The steps of an operation that are alike in every protocol.
#pragma once

#include "groups/instance_group.hh"
#include "linker/topology.hh"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interlink::bench {

/// A request for the small library as it is read from its file. The linker knows a file by its number, so that the same
/// bytes under another number are another library.
load_request read_small_library(instance_group& group);
/// The same of a library by its path.
load_request read_library(instance_group& group, const std::string& path);

/// Carries a plan out in the requester's store, with data relocations. Returns the thunks' code.
std::vector<module_artifact_ptr> carry_out_first(instance_group& requester, const planned_load& planned);

void call_constructor(instance_group& requester, module_id module);

/// Carries an operation of another group out in a follower's store.
void carry_out(instance_group& follower, const operation_body& operation);

/// The plan of a load that nothing else is in the way of. `operations` of its own it has none.
planned_load plan(topology& state, group_id requester, const load_request& request);

/// The next constructor of a load that was committed; `finished` has run before.
std::optional<module_id> next_constructor_of(topology& state, group_id requester, const planned_load& load,
                                             std::optional<module_id> finished);

/// The function that `name` stands for in a state.
found_function find_in(const snapshot& state, library_handle library, std::string_view name);

/// Its slot, given now if it has none. `operation` is what the other groups must do then.
struct given_slot {
  table_index slot;
  std::optional<operation_body> operation;
};

given_slot give_slot(topology& state, library_handle library, std::string_view name);

} // namespace interlink::bench

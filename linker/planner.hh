// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The planner: a topology, a request and the facts of its modules in; a draft of everything that the load would take,
// or the reason why not, out. It changes nothing; linker/load_turns.cc takes a draft into the topology.
#pragma once

#include "linker/topology.hh"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

namespace interlink {

/// A load with every number chosen, and the allocators as they are when it is taken in. Context: a value.
struct load_draft {
  load_in_flight load;
  memory_arena arena;
  table_layout table;
  std::uint32_t next_module{};
  std::vector<slot_fill> published_slots; ///< slots for functions of modules that are published already
  module_id root;
};

using draft_outcome = std::variant<load_draft, needs_memory, error>;

/// `known` has, for each of `request.modules`, the published module it is, or nothing for those to load.
/// Pre: those to load have their `info`, the root is one of them, and nobody claims them.
draft_outcome draft_load(const topology& state, const load_request& request,
                         const std::vector<std::optional<module_id>>& known);

/// What `draft_load` would find wrong with the modules and their symbols if the load were asked for now, when `loaded`
/// is published; nothing when it finds nothing, or only that room is lacking. The code of the modules is not needed:
/// what cannot be linked need not be compiled.
std::optional<error> find_link_error(const snapshot& loaded, std::shared_ptr<const host_catalog> catalog,
                                     const main_layout& layout, const load_request& request);

/// An import that is bound to what the host offers.
struct host_import {
  std::string importer;
  std::string module_name; ///< of the host's function
  std::string name;
  extern_type type;
};

/// Those of the modules of a plan that would be bound so if the load were asked for now, as find_link_error sees it.
std::vector<host_import> find_host_imports(const snapshot& loaded, std::shared_ptr<const host_catalog> catalog,
                                           const main_layout& layout, const load_request& request);
/// Those of a plan, when `loaded` is published.
std::vector<host_import> find_host_imports(const snapshot& loaded, const load_plan& plan);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the resolver is given, and what it decides.
#pragma once

#include "linker/host_catalog.hh"
#include "linker/memory_layout.hh"
#include "linker/symbol_scope.hh"
#include "linker/topology.hh"
#include "messages/link_plan.hh"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

namespace interlink {

/// What the resolver looks at. Everything outlives the call.
struct resolver_input {
  const snapshot& published;
  const std::map<module_id, closing_module>& closing; ///< published, and about to go: nobody new is bound to them
  std::span<const module_plan> modules; ///< new ones in instantiation order, with bases; imports still empty
  const symbol_scope& scope;            ///< one for all of them: that of the load's root
  const host_catalog& catalog;
  const main_layout& layout;
  bool bind_now{};
};

/// Where a slot goes that is only known once all slots are chosen.
struct slot_use {
  std::size_t module{};   ///< place in `resolver_input::modules`
  bool is_thunk{};        ///< else a constant
  std::uint32_t number{}; ///< thunk number or import ordinal
  std::size_t wanted{};   ///< place in `resolution::wanted_slots`
};

struct resolved_module {
  std::vector<import_binding> imports;
  std::vector<thunk_plan> thunks;
  std::set<module_id> providers; ///< other modules that it is bound to
};

struct resolution {
  std::vector<resolved_module> modules;
  std::vector<function_source> wanted_slots; ///< functions that have none yet, in order of first need
  std::vector<slot_use> uses;
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The resolver decides, for every import of the modules of one load, what it is bound to (design section 3). Pure: the
// snapshot, the modules with their bases, the catalog and the scope in; bindings, thunks and the list of functions that
// need a slot out, or one error that names everything that is wrong.
#pragma once

#include "linker/host_catalog.hh"
#include "linker/memory_layout.hh"
#include "linker/symbol_scope.hh"
#include "linker/topology.hh"
#include "messages/error.hh"
#include "messages/link_plan.hh"

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

/// Errors: symbol_not_found and unknown_import with all missing symbols; symbol_type_mismatch with all mismatches;
/// unsupported_module for what cannot be linked at all.
result<resolution> resolve_imports(const resolver_input& input);

/// Gives the wanted functions the slots from `base` on, one after the other, and fills them in where they are used.
void place_slots(resolution& resolved, table_index base);

} // namespace interlink

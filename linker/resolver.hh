// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The resolver decides, for every import of the modules of one load, what it is bound to. Pure: the
// snapshot, the modules with their bases, the catalog and the scope in; bindings, thunks and the list of functions that
// need a slot out, or one error that names everything that is wrong.
#pragma once

#include "linker/resolution.hh"
#include "messages/error.hh"
#include "messages/ids.hh"

namespace interlink {

/// Errors: symbol_not_found and unknown_import with all missing symbols; symbol_type_mismatch with all mismatches;
/// unsupported_module for what cannot be linked at all.
result<resolution> resolve_imports(const resolver_input& input);

/// Gives the wanted functions the slots from `base` on, one after the other, and fills them in where they are used.
void place_slots(resolution& resolved, table_index base);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What INTERLINK_DEBUG=bindings prints: what each import of a planned load is bound to.
#pragma once

#include "linker/snapshot.hh"
#include "messages/link_plan.hh"

#include <string>
#include <vector>

namespace interlink {

/// One line for each import of each module of `plan`: importer, import, kind of binding, and provider, address or slot.
/// `loaded` has the providers that are not in the plan; those that it lacks are named by number.
std::vector<std::string> describe_bindings(const load_plan& plan, const snapshot& loaded);

/// The line of a lazy import that was bound by its first call.
std::string describe_lazy_binding(const snapshot& loaded, module_id importer, std::uint32_t thunk_number,
                                  table_index slot);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A link plan as text, with every number that was chosen: what `interlink ldd --plan` prints.
#pragma once

#include "messages/link_plan.hh"

#include <span>
#include <string>

namespace interlink {

/// One line for each module, import, thunk and slot, in the plan's own order; the same plan always gives the same text.
std::string to_text(const load_plan& plan);

/// One line for each host function that has a slot.
std::string to_text(std::span<const slot_fill> host_slots);

std::string to_text(const import_binding& bound);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a module must be like to be linked at all, as far as one can tell from the module alone.
#pragma once

#include "messages/error.hh"
#include "messages/ids.hh"
#include "messages/link_plan.hh"
#include "messages/module_info.hh"

#include <cstdint>
#include <string_view>
#include <vector>

namespace interlink {

/// Slots that the module fills itself: what dylink.0 says, and for absolute element segments as many as they reach from
/// slot 1 on.
std::uint64_t table_slots_of(const module_info& info);

/// Those slots of a module whose `table_base` is chosen.
std::vector<table_index> own_slots_of(const module_plan& plan);

/// True when an element segment names slots by themselves, not from `__table_base` on: a fixed-address main.
bool has_absolute_elements(const module_info& info);

/// Errors: not_a_library without dylink.0; limit_exceeded for alignments beyond limits.hh; unsupported_module when
/// element segments leave the module's own slots, for initialisers that could wait or call out while nothing may, and
/// for what `check_tls` refuses; symbol_type_mismatch for exports that the linker calls or reads and that have another
/// type.
result<void> check_module(const module_info& info, std::string_view name, bool is_main);

} // namespace interlink

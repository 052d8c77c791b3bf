// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dlsym for a group: a hit is answered from the snapshot the group has, without a shared write; the first look-up of a
// function takes one turn, and waits for nobody.
#pragma once

#include "messages/error.hh"
#include "messages/ids.hh"
#include "messages/wasm_types.hh"

#include <cstdint>
#include <string_view>

#include "loader/loader_services.hh"

namespace interlink {

class instance_group;

/// The function's slot, the datum's address, or the address of a TLS variable in this group.
/// Errors: symbol_not_found, symbol_type_mismatch, invalid_handle, table_exhausted, stopping.
result<std::uint32_t> find_address(const loader_services& loader, instance_group& group, library_handle handle,
                                   std::string_view name, module_id caller = main_module);

/// A function as the embedder sees it.
struct found_slot {
  table_index slot;
  function_type type;
};

/// The same for functions alone, with the type. Errors: as above; symbol_type_mismatch for a datum.
result<found_slot> find_function(const loader_services& loader, instance_group& group, library_handle handle,
                                 std::string_view name);

} // namespace interlink

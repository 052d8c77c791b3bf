// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The linker's state at one topology version, as all groups see it. Immutable: the coordinator makes the next one
// copy-on-write; a reader keeps the one it has. Everything a new group needs to be built is in it.
#pragma once

#include "linker/open_count.hh"
#include "linker/paged_vector.hh"
#include "messages/error.hh"
#include "messages/ids.hh"
#include "messages/link_plan.hh"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace interlink {

/// A published module: its plan and where it stands in the graph. Context: immutable.
struct loaded_module {
  load_plan_ptr load;         ///< the load that brought it
  std::size_t plan_ordinal{}; ///< its place in `load->modules`
  module_artifact_ptr thunk_artifact;
  file_identity identity;
  std::vector<module_id> needed;  ///< direct, in the order of dylink.0
  std::vector<module_id> closure; ///< itself, then its needed closure breadth-first: the scope of its handle
  std::vector<module_id> scope;   ///< where its lazy imports are looked up after the global scope: its root's closure
  bool prefers_own_scope{};       ///< RTLD_DEEPBIND: before the global scope
  std::shared_ptr<open_count> opens; ///< of this incarnation; null until it is published

  const module_plan& plan() const { return load->modules[plan_ordinal]; }
};

using loaded_module_ptr = std::shared_ptr<const loaded_module>;

/// Slots given to one module's functions (beyond those in its own element segments) and to its lazy imports.
struct module_slots {
  paged_vector<table_index> of_export; ///< by export ordinal of the first export of that function
  paged_vector<table_index> of_thunk;  ///< by thunk number: bindings made on first call
};

/// Context: immutable once published.
struct snapshot {
  topology_version version;
  std::shared_ptr<const std::vector<loaded_module_ptr>> modules; ///< ascending id; instantiation order
  std::shared_ptr<const std::vector<module_id>> global_scope;    ///< main, then global modules in commit order
  std::vector<std::shared_ptr<const module_slots>> slots;        ///< parallel to `modules`
  /// Host functions whose address was taken, in that order. They belong to no module, and stay.
  std::shared_ptr<const std::vector<slot_fill>> host_slots;
  /// Bare names by which libraries that are loaded were asked for, or which they give themselves, each with the newest
  /// of those libraries: such a name finds it before any search.
  std::shared_ptr<const std::map<std::string, module_id, std::less<>>> names;
  /// Paths of libraries unloaded last, the newest last: what a call through a null slot may have meant.
  std::shared_ptr<const std::vector<std::string>> closed_lately;
  std::uint64_t table_size{}; ///< length of every group's table
  bool is_stopping{};

  /// Null when not loaded (any more). Binary search by id.
  const loaded_module* find(module_id id) const;
  /// Place in `modules`, or nothing.
  std::optional<std::size_t> place_of(module_id id) const;
  const loaded_module* find_by_identity(const file_identity& identity) const;
};

using snapshot_ptr = std::shared_ptr<const snapshot>;

/// The snapshot of version 0: nothing loaded.
snapshot_ptr make_empty_snapshot();

/// A symbol that was found. `slot` is 0 for a function that has none yet.
struct found_function {
  module_id provider;
  std::uint32_t export_ordinal{}; ///< of the first export of that function: its canonical name
  table_index slot;
};

struct found_data {
  memory_address address;
};

struct found_tls {
  module_id provider;
  std::uint64_t offset{};
};

using found_symbol = std::variant<found_function, found_data, found_tls>;

/// What dlsym does. Scope 0 (RTLD_DEFAULT) is the global scope, then what the calling library was loaded with, the
/// other way round for RTLD_DEEPBIND; 1 (main) is the global scope, as with `dlopen(NULL)`; a library's handle is its
/// own closure breadth-first; RTLD_NEXT is what comes after the caller in the closure that it was loaded with. Hidden
/// exports are not found; a program's `main` is, under the name that clang gives it. Pure; no allocation on a hit.
/// Errors: invalid_handle; symbol_not_found; symbol_type_mismatch for an export that is a memory, table or tag.
result<found_symbol> find_symbol(const snapshot& state, library_handle handle, std::string_view name,
                                 module_id caller = main_module);

/// Whose data the address lies in: a module's memory range, not its thread-local blocks. Nothing when in none.
std::optional<module_id> module_with_data(const snapshot& state, memory_address address);

/// Whose function the slot is: of its own element segments, or given to it. Nothing for the host's and for slots that
/// nobody has.
std::optional<module_id> module_with_slot(const snapshot& state, table_index slot);

/// The data address that an export stands for: value plus memory base; absolute symbols have no base. Nothing when the
/// export is no immutable integer global with a constant value, or the sum leaves the 32-bit address space.
std::optional<memory_address> data_address_of(const export_info& exported, memory_address memory_base);

/// The function that an export stands for: itself, or what it re-exports, followed to the module that defines it. The
/// re-export of an import that is not bound (yet) stands for nothing: were it a definition, a lazy import could be
/// bound to itself, and its address would change with the binding. Pre: the export is a function of a published module.
std::optional<found_function> canonical_function(const snapshot& state, module_id provider,
                                                 std::uint32_t export_ordinal);

/// The slot of a function in its module's own element segments, 0 when it is in none. Pure fact of the module and its
/// table base. Reason: a PIE main takes the addresses of its own functions from these places.
table_index own_slot_of(const module_info& info, table_index table_base, std::uint32_t function_index);

/// The canonical slot of an exported function of a published module, 0 when it has none yet.
/// A function in its module's own element segment has the place it has there; else the slot it was given.
table_index slot_of(const snapshot& state, module_id provider, std::uint32_t export_ordinal);

/// The import that an exported function only passes on; null when the module defines the function.
/// Pre: the export is a function.
const import_info* passed_on_import(const module_info& info, const export_info& exported);

/// The one slot of a host function, 0 when nobody has taken its address yet. The type tells functions of open modules
/// (`host_catalog`) apart.
table_index slot_of_host(const snapshot& state, std::string_view module_name, std::string_view name,
                         const extern_type& type);

/// The slot that a thunk of a published module calls: planned, or bound at its first call; 0 when still unbound.
table_index thunk_slot_of(const snapshot& state, module_id importer, std::uint32_t thunk_number);

/// Hash of everything a guest or a later load can observe of this snapshot, for tests of "a failed load changes
/// nothing".
std::uint64_t hash_of(const snapshot& state);

} // namespace interlink

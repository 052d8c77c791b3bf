// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything the coordinator owns, as one value, and every decision it takes, as pure functions on that value: the
// current snapshot (all that groups ever see) plus what is pending (claims, reservations and references of loads in
// flight, constructions, the roster). One function here is one turn of the coordinator; it does no I/O, runs no guest
// code, and costs time in proportion to what is loaded by it.
//
// Invariants, cited by tests and by the simulation:
//   T1  A version is published once, and versions grow by one.
//   T2  A file is claimed by at most one load in flight; a load holds all its claims or none.
//   T3  A slot is filled by at most one function at any version; slot 0 by none.
//   T4  Two reservations or published ranges never overlap.
//   T5  After abandon_load, everything but `next_*` counters and published resolve_function operations equals what was
//       before prepare_load.
//   T6  A constructor begins at most once.
//   T7  A group waits for constructors or for a close only when no chain of such waits leads back to it.
//   T8  Of one file, at most one published module is not closing, and none while the file is claimed.
#pragma once

#include "linker/closures.hh"
#include "linker/host_catalog.hh"
#include "linker/memory_layout.hh"
#include "linker/snapshot.hh"
#include "linker/table_layout.hh"
#include "messages/ids.hh"
#include "messages/limits.hh"
#include "messages/link_plan.hh"
#include "messages/operation.hh"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace interlink {

/// One file of a needed closure, as the requester read it. `info` is empty when the requester found the file in its
/// snapshot.
struct requested_module {
  file_identity identity;
  std::string name; ///< guest path
  module_info_ptr info;
  module_artifact_ptr artifact;
  std::vector<std::size_t> needed; ///< places in `load_request::modules`, in the order of dylink.0
  std::vector<std::string> asked;  ///< bare names by which it was asked for and found
};

enum class load_kind : std::uint8_t { program, library };

struct load_request {
  load_kind kind = load_kind::library;
  group_id requester;
  std::vector<requested_module> modules; ///< [0] is the root: main, or the library that is opened
  bool bind_now{};                       ///< RTLD_NOW: a missing function is an error
  bool is_global{};                      ///< RTLD_GLOBAL
  bool is_final{};                       ///< RTLD_NODELETE
  bool prefers_own_scope{};              ///< RTLD_DEEPBIND
};

/// The constructors of one committed load.
struct construction {
  enum class state : std::uint8_t { waiting, begun, done };

  group_id owner; ///< none when its thread left: the next who needs them takes it over
  std::vector<module_id> order;
  std::vector<state> states;      ///< parallel to `order`
  std::vector<group_id> begun_by; ///< parallel to `order`
};

/// A load between prepare and commit.
struct load_in_flight {
  load_request request;
  load_plan_ptr plan;
  std::vector<loaded_module_ptr> modules;              ///< to be added at commit (thunk artifacts still missing)
  std::vector<std::vector<std::string>> modules_asked; ///< parallel: bare names by which each was asked for
  std::vector<std::pair<module_id, std::shared_ptr<const module_slots>>> given_slots; ///< of the new modules
  std::vector<group_block> blocks; ///< gains an entry when a group joins, loses those of groups that leave
  std::vector<memory_arena::allocation> reserved_memory;
  std::vector<table_layout::slot_range> reserved_slots;
  std::map<module_id, std::set<module_id>> bound_to; ///< new module to its providers: references taken
};

/// A module between the two turns of its close.
struct closing_module {
  load_id close;   ///< what openers of its file wait for
  group_id closer; ///< who runs the destructors
};

/// A live group.
struct roster_entry {
  /// TLS blocks by module; that of `no_module` is the scratch stack. Main's is not ours when the guest gave it.
  std::map<module_id, memory_range> blocks;
  bool owns_main_tls{};
};

/// The coordinator's state. Context: a value, owned by the coordinator.
struct topology {
  snapshot_ptr current;
  memory_arena arena;
  table_layout table;
  std::map<group_id, roster_entry> roster;
  std::map<load_id, load_in_flight> loads;
  std::map<file_identity, load_id> claims;           ///< of loads in flight
  std::map<load_id, construction> constructions;     ///< unfinished ones
  std::map<module_id, load_id> constructed_by;       ///< of modules with an unfinished construction
  std::map<group_id, group_id> waits_for;            ///< waits for constructors and closes, waiter to owner
  std::map<module_id, std::uint64_t> references;     ///< importers and lazy bindings, by provider
  std::map<module_id, std::set<module_id>> bound_to; ///< the same by published importer
  std::set<module_id> final_modules;                 ///< opened with RTLD_NODELETE
  std::map<module_id, closing_module> closing;       ///< between the turns of a close
  /// Roots of later loads that found the module loaded: its lazy imports are looked up in their closures, too.
  std::map<module_id, std::vector<module_id>> later_roots;
  /// Modules whose code a group runs when its thread ends, and how often: its thread-local objects' destructors.
  std::map<group_id, std::map<module_id, std::uint64_t>> pins;
  closure_pool closures;
  std::shared_ptr<const host_catalog> catalog;
  main_layout layout;
  std::uint64_t memory_pages{};  ///< that the linked memory must have
  std::uint64_t resting_slots{}; ///< how many slots of closed libraries are kept null before they go out again
  std::size_t module_limit = limit::modules; ///< loaded at once, the program among them
  std::size_t group_limit = limit::groups;   ///< alive at once
  topology_version reusable_up_to;           ///< set by the coordinator from the lanes before a turn that allocates
  std::uint32_t next_module = 1;
  std::uint64_t next_load = 1;
  std::uint32_t next_group = 1;
};

/// A topology for a program whose main module is `layout`'s. `table_maximum` is the longest a function table may get:
/// what main declares, but no more than limit::function_table_slots.
topology make_topology(const main_layout& layout, std::shared_ptr<const host_catalog> catalog,
                       std::uint64_t table_maximum);

// ---- Loading ----

/// The library is published: nothing to load. Its handle is `root`; constructors may still have to be waited for.
struct already_loaded {
  module_id root;
  std::vector<operation_body> operations; ///< promotion to global scope publishes an empty resolve_function
  bool is_constructed{};                  ///< no constructor of its closure is left: `next_constructor` has no more
};

/// Claims taken, numbers chosen. The requester rehearses and then commits or abandons.
struct planned_load {
  load_id id;
  module_id root;
  load_plan_ptr plan;
  std::vector<group_block> requester_blocks;
  std::vector<operation_body> operations; ///< published by this very turn: slots of functions of published modules
};

/// Another load in flight holds a module of the closure, or a close does. Ask again when it has ended. With `no_load`
/// there is nothing to wait for: a module that the requester found in its snapshot is gone, or stays closing while the
/// requester is waited for. Locate and read all of the closure anew, then ask again.
struct wait_for_load {
  load_id id;
};

/// The arena cannot serve; nothing is claimed or reserved. Give it a block of this size and ask again.
struct needs_memory {
  std::uint64_t size{};
  std::uint64_t alignment{};
};

using prepare_outcome = std::variant<already_loaded, planned_load, wait_for_load, needs_memory, error>;

/// What prepare_load does first. Nothing when the request's root is not published, or when the process is stopping. Of
/// the request only the root's identity and the flags matter.
std::optional<already_loaded> reopen_library(topology& state, const load_request& request);

/// Step 2 of a load (docs/architecture.md). On any outcome but `planned_load` the topology is unchanged (but for the
/// handles of `already_loaded`). Errors: symbol_not_found with all missing symbols; symbol_type_mismatch;
/// unknown_import with all unknown imports; unsupported_module (memory or table types that cannot match, TLS symbols
/// without `__wasm_init_tls`); table_exhausted; limit_exceeded.
prepare_outcome prepare_load(topology& state, const load_request& request);

/// Step 4. Cannot fail. Returns the operation to publish; `current` is the next snapshot already.
/// Commit point: from here every group will have the modules before it can call into them.
operation_body commit_load(topology& state, load_id id, std::vector<module_artifact_ptr> thunk_artifacts);

/// Gives everything back. Pre: the requester has emptied its slots and zeroed its ranges: the data of the plan's
/// modules and `planned_load::requester_blocks`. Does nothing when the load is not in flight (any more).
void abandon_load(topology& state, load_id id);

/// Adds a block that the guest's allocator gave.
void add_memory(topology& state, memory_range range);

// ---- Constructors: step 5 of a load ----

struct run_constructor {
  module_id module;
};

struct wait_for_constructor {
  group_id owner;
  module_id module;
};

struct constructors_done {};

using construct_outcome = std::variant<run_constructor, wait_for_constructor, constructors_done>;

/// The next step towards "all constructors of `root`'s closure have run" for `group`, whose own load is `own` (none
/// when it re-opened). Marks a constructor begun before it is run. A wait that would close a cycle of waiting groups is
/// left out, as in a recursive dlopen. Records the wait; a group asks again when woken.
construct_outcome next_constructor(topology& state, group_id group, load_id own, module_id root);

/// The constructor that `group` was told to run has run (or did not exist).
void finish_constructor(topology& state, group_id group, module_id module);

/// Records that `group` waits for the end of what `owner` does. Nothing, and false, when that would close a cycle (T7).
bool begin_wait(topology& state, group_id group, group_id owner);

/// `group` no longer waits (it was woken or gave up).
void end_wait(topology& state, group_id group);

// ---- Symbols ----

struct slot_outcome {
  table_index slot;
  std::vector<operation_body> operations; ///< empty when it had one
};

/// First dlsym, or first lazy call, of a function. Errors: table_exhausted, invalid_handle; symbol_not_found when the
/// export only passes on what is not bound.
result<slot_outcome> assign_slot(topology& state, module_id provider, std::uint32_t export_ordinal);

/// Binds a lazy import for ever. Looks in the global scope, then in the module's own scope.
/// Errors: symbol_not_found (also for weak ones), symbol_type_mismatch.
result<slot_outcome> bind_lazy(topology& state, module_id importer, std::uint32_t thunk_number);

result<slot_outcome> allocate_slots(topology& state, std::uint32_t count);

// ---- Groups ----

/// What a new group is built from.
struct joined_group {
  group_id id;
  snapshot_ptr from;
  std::vector<group_block> blocks;
};

/// Joining is one turn: id, snapshot, roster entry, TLS blocks for the modules of the snapshot and of every prepared
/// load in flight. `main_tls` is the block that the guest allocated for main's TLS in the new thread; nothing: one is
/// reserved here.
/// `stack_bytes` above 0 reserves a stack as well, for a group whose guest brings none: the block of `own_stack`.
std::variant<joined_group, needs_memory, error> join_group(topology& state, std::optional<memory_address> main_tls,
                                                           std::uint64_t stack_bytes = 0);

/// Stands for a module in the list of a group's blocks.
inline constexpr module_id own_stack{~std::uint32_t{0}};

/// Leaves the roster: no later operation counts the group. Its load in flight is abandoned (its requester's guard has
/// emptied slots and zeroed ranges), its TLS blocks go back, its constructions are handed over, and what it was closing
/// is unloaded: destructors that it has not run are left out. Returns the operation of that.
std::vector<operation_body> leave_group(topology& state, group_id group);

// ---- Close ----

/// Whether an open of a library that is open and constructed needs no turn: nothing but the count would change. Of the
/// request only the flags matter. Context: any thread, for a snapshot that its group has applied.
bool changes_only_the_count(const snapshot& applied, const loaded_module& library, const load_request& how);

/// Turn 1: the handle's count goes down. What is then reached neither by needed lists nor by bindings from main, an
/// open handle, a final or pinned module, an unfinished construction, a load in flight or another close is closing: no
/// longer found by its file. An open of that file waits for turn 2; where that wait would close a cycle (T7), as in a
/// destructor that opens its own library, it makes a new incarnation beside the closing one. Returns the modules whose
/// destructors `closer` must run, users before dependencies; what another close held on to is returned by the next one.
/// Errors: invalid_handle.
result<std::vector<module_id>> close_library(topology& state, group_id closer, library_handle handle);

/// Turn 2: nulls slots, frees ranges at the new version. Modules that are not closing (any more) are left as they are:
/// their closer has left meanwhile.
operation_body unload(topology& state, const std::vector<module_id>& modules);

/// `group` runs code of these modules when its thread ends: they stay until it has given each pin back, or left. What
/// has no other reason to stay then goes with the next close.
/// Errors: invalid_handle when one of them is closing or gone; then none is pinned.
result<void> pin_modules(topology& state, group_id group, const std::vector<module_id>& modules);
void unpin_modules(topology& state, group_id group, const std::vector<module_id>& modules);

/// A module of that close, and who runs its destructors; null when it is over. Valid until the next turn.
const std::pair<const module_id, closing_module>* find_close(const topology& state, load_id close);

operation_body stop(topology& state, std::uint32_t exit_code);

/// Version of `current`, one more than before: called by every function here that returns operations, once for each.
/// (Exposed for tests.)
void advance(topology& state);

/// Hash of everything that T5 speaks of.
std::uint64_t hash_of(const topology& state);

} // namespace interlink

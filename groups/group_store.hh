// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One group's engine store and what is in it: the function table, the runtime table, the stack pointer, one instance of
// each module. It carries out plans step by step and decides nothing; the same steps serve a rehearsal, a catch up and
// the building of a new group from a snapshot.
#pragma once

#include "engine/engine.hh"
#include "groups/host_registry.hh"
#include "groups/module_places.hh"
#include "linker/snapshot.hh"
#include "messages/link_plan.hh"
#include "messages/operation.hh"
#include "wasi/unique_fd.hh"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace interlink {

/// Compiled code of one module, with what the instrumenter appended. Context: immutable.
class compiled_code : public module_artifact {
public:
  engine::compiled_module_ptr compiled;
  bool imports_control_memory{};
  bool imports_runtime_table{};
  bool can_start_again{};   ///< an instance serves another incarnation of the module (wasm/second_start.hh)
  module_places_ptr places; ///< null for generated code
  std::shared_ptr<const wasi::unique_fd> file; ///< keeps the library's file open, which pins its inode
};

/// What every store of a process is made from.
struct store_environment {
  engine::engine_ptr engine;
  engine::store_limits limits;
  std::shared_ptr<const host_registry> registry;
  engine::shared_memory_ptr control_memory;
  engine::shared_memory_ptr linked_memory; ///< empty: the store makes one of `private_memory`, if that is set
  std::optional<memory_type> private_memory;
  table_type function_table;
  std::function<void(const std::string&)> on_unimplemented; ///< a guest called a function that only links
};

/// What differs between stores.
struct store_parameters {
  memory_address stack_low;
  memory_address stack_high;
};

/// An instance in this store.
struct live_instance {
  module_id id;
  load_plan_ptr load; ///< keeps `plan` alive
  const module_plan* plan = nullptr;
  engine::instance instance;
  std::optional<engine::instance> thunks;
  std::optional<engine::global> applied;   ///< absent: the module's code has no checks
  std::optional<engine::global> stack_low; ///< absent: the module's code lowers no stack pointer
  // Of one that may rest when its module is unloaded.
  bool may_rest = false;
  engine::compiled_module_ptr thunk_code;
  std::optional<engine::global> thunk_owner;  ///< the number that its thunks tell
  std::vector<engine::global> planned;        ///< slots of its thunks, entries of its global offset table
  std::vector<engine::function> own_elements; ///< of its own part of the table; empty until it rests
};

/// An instance whose module is gone. It holds nothing of the module's file.
struct resting_instance {
  live_instance self; ///< without its plan
  memory_address memory_base;
  table_index table_base;
  std::vector<import_binding> imports;
  std::vector<std::optional<std::uint64_t>> values; ///< parallel: of those that the plan decided
  std::vector<engine::instance> providers;          ///< of direct imports
};

/// The runtime table's functions, bound to one group.
struct runtime_function {
  std::uint32_t slot;
  const char* name; ///< for reports
  host_function function;
};

using runtime_functions = std::vector<runtime_function>;

/// Who serves the calls that leave a store for the host: its group.
class host_call_server {
public:
  host_call_server(const host_call_server&) = delete;
  host_call_server& operator=(const host_call_server&) = delete;

  /// `name` is for reports and lives as long as the process. Context: the thread that runs the group.
  virtual result<void> serve(const char* name, const host_call& call, std::span<engine::value_slot> values) = 0;

protected:
  host_call_server() = default;
  ~host_call_server() = default;
};

/// Imports that can be made many at once, and set again: entries of a module's global offset table.
bool is_table_entry(const extern_type& import);

/// Context: the thread that runs the group; the parent's thread while it is built.
class group_store {
public:
  /// Makes store, tables and globals. `server` outlives the store. Errors: engine_refused, table_exhausted,
  /// memory_exhausted.
  static result<std::unique_ptr<group_store>> make(const store_environment& environment,
                                                   const store_parameters& parameters, host_call_server& server,
                                                   const runtime_functions& runtime);

  /// Instantiates one module of a load and runs its closed initialisers: start, then `__wasm_init_tls` with
  /// `tls_block`. An open start function goes to `open_initialisers`. Errors: engine_refused; guest_trapped from an
  /// initialiser.
  result<void> add_module(const load_plan_ptr& load, std::size_t plan_ordinal,
                          const module_artifact_ptr& thunk_artifact, std::vector<module_id>& open_initialisers);

  /// Carries out a whole load: table length, instances in order, slots.
  result<void> apply(const load_plan_ptr& load, std::span<const module_artifact_ptr> thunk_artifacts,
                     std::vector<module_id>& open_initialisers);

  /// Everything of a snapshot, in a fresh store.
  result<void> build(const snapshot& from, std::vector<module_id>& open_initialisers);

  result<void> grow_table(std::uint64_t size);
  result<void> fill(std::span<const slot_fill> slots);
  /// The same for slots of closures, whose trampolines are the snapshot's.
  result<void> fill(std::span<const closure_fill> closures, const snapshot& in);
  /// The guest's memory, a stack of its own and the control memory are there.
  bool can_have_closures();
  /// Forgets the instances of a load that failed, or of modules that are unloaded. Pre: their slots are not cleared
  /// yet.
  void remove(std::span<const module_id> modules);
  void clear_slots(std::span<const table_index> slots);
  /// Every slot that the load fills: element segments and assigned ones.
  static std::vector<table_index> slots_of(const load_plan& load);

  void set_block(module_id module, memory_address address) { blocks_[module] = address; }

  void drop_block(module_id module) { blocks_.erase(module); }

  /// 0 when the module has no block in this group.
  memory_address block_of(module_id module) const;

  /// Marks all instances as having applied everything up to `version`: their checks are quiet until the next one.
  void set_applied(topology_version version);

  /// Nothing when the module is not instantiated here or has no such function.
  std::optional<engine::function> find_function(module_id module, std::string_view name);
  std::optional<engine::extern_value> find_export(module_id module, std::string_view name);
  engine::function slot(table_index index);

  /// Calls an export of type () -> () if there is one.
  result<void> call_initialiser(module_id module, std::string_view name);
  /// The same for closed ones, which may run while this group holds claims and in threads that asked for nothing.
  result<void> call_closed_initialiser(module_id module, std::string_view name);

  /// The code under way is a closed initialiser's. Nothing in it may wait: whoever it waited for might be waiting for
  /// it.
  bool runs_closed_initialiser() const { return runs_closed_initialiser_; }

  /// The main module brings its own stack pointer, and with it a stack whose bounds nobody told.
  bool has_own_stack_pointer() const { return has_own_stack_pointer_; }

  /// Whose import the guest is calling, as its thunk told: main's or nobody's when none did. Told once.
  module_id take_caller();

  std::optional<std::uint32_t> stack_pointer();
  void set_stack_pointer(std::uint32_t value);

  /// Lower end of the stack in use, below which the guest's code traps; 0 when nobody told.
  std::uint32_t stack_low() const { return stack_low_; }

  void set_stack_low(std::uint32_t low);

  /// The linear memory as it is now. Empty when the program has none, and for a static program's own memory until its
  /// start function has returned.
  std::span<std::byte> memory();

  /// The same memory when it is shared, else null.
  const engine::shared_memory_ptr& shared_memory() const { return shared_memory_; }

  /// Errors: those of the engine; memory_exhausted when the program has no memory of its own.
  result<std::uint64_t> grow_private_memory(std::uint64_t pages)
  {
    if (!private_memory_) {
      return fail(errc::memory_exhausted, "the program has no memory of its own");
    }
    return store_->memory_grow(*private_memory_, pages);
  }

  engine::store& store() { return *store_; }

  const std::map<module_id, live_instance>& instances() const { return instances_; }

  /// Instances of failed loads and of modules that are gone: the engine keeps them as long as the store. Those among
  /// them that a later load may take again count as well.
  std::uint64_t dead_instance_count() const;

  /// Instances that served another incarnation before.
  std::uint64_t taken_again_count() const { return taken_again_; }

private:
  group_store(const store_environment& environment, const store_parameters& parameters, host_call_server& server)
      : environment_(environment),
        parameters_(parameters),
        server_(server),
        stack_low_(static_cast<std::uint32_t>(parameters.stack_low.value))
  {
  }

  result<engine::extern_value> bind(const module_plan& plan, std::size_t import_ordinal, const live_instance& self);
  result<engine::extern_value> bind_planned(const module_plan& plan, std::size_t import_ordinal,
                                            const live_instance& self);
  /// Value of a global that the plan decides; nothing for other bindings.
  std::optional<std::uint64_t> planned_value(const import_binding& binding) const;
  /// The slots of the module's thunks, then the entries of its global offset table.
  std::vector<std::uint32_t> planned_values(const module_plan& plan) const;
  /// An instance that rests, made what the plan says; its initialisers are still to run.
  std::optional<live_instance> take_again(const load_plan_ptr& load, const module_plan& plan,
                                          const module_artifact_ptr& thunk_artifact);
  bool is_right_for(const resting_instance& resting, const module_plan& plan,
                    const engine::compiled_module_ptr& thunks) const;
  void rest(const live_instance& self);
  result<engine::extern_value> bind_host(const import_info& import);
  /// A host call of the guest.
  result<void> serve(const char* name, const host_call& call, std::span<engine::value_slot> values);
  engine::function give_reserved_block(const engine::function& allocator);
  result<void> init_tls(const live_instance& self, memory_address block);
  result<engine::extern_value> bind_export(module_id provider, std::uint32_t export_ordinal);
  result<void> instantiate_thunks(live_instance& self, const module_artifact_ptr& artifact,
                                  std::span<const engine::global> slots);
  result<engine::function> source_function(const function_source& source);
  result<void> fill_closures(const snapshot& from);
  result<engine::function> closure_function(closure_binding binding, const snapshot& in);
  result<engine::instance> instantiate_closures(const closure_batch& batch, std::uint32_t number);
  result<engine::tag> shared_tag(const import_info& import);
  result<void> run_closed_initialisers(const live_instance& self, std::vector<module_id>& open_initialisers);
  /// What instrumented code compares the stack pointer with.
  std::uint32_t compared_stack_low() const;

  const store_environment& environment_;
  store_parameters parameters_;
  host_call_server& server_;
  std::unique_ptr<engine::store> store_;
  engine::table function_table_;
  engine::table runtime_table_;
  engine::global caller_; ///< written by thunks that tell their caller
  std::optional<engine::global> stack_pointer_;
  bool has_own_stack_pointer_ = false;
  std::uint32_t stack_low_{};
  std::optional<engine::memory> private_memory_; ///< imported by, or exported from, the main module
  engine::shared_memory_ptr shared_memory_;      ///< the process's, or exported from a static program
  std::map<std::string, engine::tag, std::less<>> tags_;
  std::map<std::tuple<std::string, std::string, extern_type>, engine::function> host_functions_;
  std::map<module_id, live_instance> instances_;
  std::map<std::uint32_t, engine::instance> closure_batches_; ///< by number
  std::optional<engine::global> closures_applied_;            ///< absent: no batch is here
  std::optional<engine::global> closures_stack_low_;
  engine::function unprepared_closure_;                                          ///< null until one is needed
  std::map<engine::compiled_module_ptr, std::vector<resting_instance>> resting_; ///< the engine keeps their code, too
  std::uint64_t taken_again_ = 0;
  known_places places_;
  std::map<module_id, memory_address> blocks_;
  memory_address offered_block_; ///< what the next request of a `__wasix_init_tls` to the allocator gets
  bool runs_closed_initialiser_ = false;
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/group_store.hh"

#include "messages/assert.hh"
#include "messages/guest_end.hh"

#include <algorithm>
#include <utility>

#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

using engine::extern_value;
using engine::value_slot;

error in_module(const error& failure, const module_plan& plan)
{
  return failure.with_context(plan.name.empty() ? "module " + std::to_string(plan.id.value) : plan.name);
}

/// The number of an unimplemented guest ABI function's answer. Source: WASI errno Notsup.
constexpr std::uint32_t errno_notsup = 58;

/// () -> i32: asks the allocator for a TLS block, initialises it and returns it. Source: WASIX's start object for
/// libraries.
constexpr std::string_view wasix_init_tls = "__wasix_init_tls";

/// aligned_alloc(alignment, size).
const function_type allocator_type{{wasm::i32, wasm::i32}, {wasm::i32}};

/// Sets a flag for a scope.
class scoped_flag {
public:
  explicit scoped_flag(bool& flag) : flag_(flag), outer_(std::exchange(flag, true)) {}

  ~scoped_flag() { flag_ = outer_; }

  scoped_flag(const scoped_flag&) = delete;
  scoped_flag& operator=(const scoped_flag&) = delete;

private:
  bool& flag_;
  bool outer_;
};

/// A module that exports nothing but `__wasix_init_tls` is given the block that the plan reserved when it asks the
/// allocator: no phase calls the guest's allocator.
bool needs_own_tls_allocation(const module_info& info)
{
  return info.find_export("__wasm_init_tls") == nullptr && info.find_export(wasix_init_tls) != nullptr;
}

/// Wasm's own instructions in a closed initialiser become these; everything else in the runtime table calls out.
bool is_an_instruction(std::uint32_t runtime_slot)
{
  return runtime_slot == reserved::runtime_slot::wait32 || runtime_slot == reserved::runtime_slot::wait64 ||
         runtime_slot == reserved::runtime_slot::notify;
}

/// Only `__wasix_init_tls` can get here, which is not told from the bytes.
std::unexpected<error> refuse_in_initialiser(std::string_view what)
{
  return fail(trap_of("an initialiser calls " + std::string(what) + ", where nothing may be called that can wait"));
}

} // namespace

bool is_table_entry(const extern_type& import)
{
  const auto* type = std::get_if<global_type>(&import);
  return type != nullptr && *type == global_type{wasm::i32, true};
}

result<std::unique_ptr<group_store>> group_store::make(const store_environment& environment,
                                                       const store_parameters& parameters, host_call_server& server,
                                                       const runtime_functions& runtime)
{
  std::unique_ptr<group_store> made(new group_store(environment, parameters, server));
  auto store = environment.engine->make_store(environment.limits);
  if (!store) {
    return fail(std::move(store.error()));
  }
  made->store_ = std::move(*store);
  made->store_->set_frame_reader([self = made.get()](guest_frame& frame) { self->places_.read(frame); });
  auto table = made->store_->make_table(environment.function_table);
  if (!table) {
    return fail(std::move(table.error()));
  }
  made->function_table_ = *table;
  auto runtime_table =
      made->store_->make_table({wasm::funcref, {reserved::runtime_table_size, reserved::runtime_table_size}, false});
  if (!runtime_table) {
    return fail(std::move(runtime_table.error()));
  }
  made->runtime_table_ = *runtime_table;
  for (const auto& [slot, name, function] : runtime) {
    auto host = made->store_->make_function(function.type, [self = made.get(), slot, name, call = function.call](
                                                               engine::store&, std::span<value_slot> values) {
      return is_an_instruction(slot) ? self->server_.serve(name, call, values) : self->serve(name, call, values);
    });
    if (auto set = made->store_->table_set(made->runtime_table_, slot, host); !set) {
      return fail(std::move(set.error()));
    }
  }
  auto caller = made->store_->make_global({wasm::i32, true}, value_slot::of_i32(0));
  if (!caller) {
    return fail(std::move(caller.error()));
  }
  made->caller_ = *caller;
  auto stack_pointer = made->store_->make_global(
      {wasm::i32, true}, value_slot::of_i32(static_cast<std::uint32_t>(parameters.stack_high.value)));
  if (!stack_pointer) {
    return fail(std::move(stack_pointer.error()));
  }
  made->stack_pointer_ = *stack_pointer;
  made->shared_memory_ = environment.linked_memory;
  if (environment.private_memory) {
    auto memory = made->store_->make_memory(*environment.private_memory);
    if (!memory) {
      return fail(std::move(memory.error()));
    }
    made->private_memory_ = *memory;
  }
  return made;
}

result<void> group_store::apply(const load_plan_ptr& load, std::span<const module_artifact_ptr> thunk_artifacts,
                                std::vector<module_id>& open_initialisers)
{
  if (auto grown = grow_table(load->table_size); !grown) {
    return grown;
  }
  for (std::size_t i = 0; i < load->modules.size(); ++i) {
    const module_artifact_ptr thunks = i < thunk_artifacts.size() ? thunk_artifacts[i] : nullptr;
    if (auto added = add_module(load, i, thunks, open_initialisers); !added) {
      return added;
    }
  }
  return fill(load->slots);
}

result<void> group_store::build(const snapshot& from, std::vector<module_id>& open_initialisers)
{
  if (auto grown = grow_table(from.table_size); !grown) {
    return grown;
  }
  const auto& modules = *from.modules;
  for (const loaded_module_ptr& module : modules) {
    if (auto added = add_module(module->load, module->plan_ordinal, module->thunk_artifact, open_initialisers);
        !added) {
      return added;
    }
  }
  std::vector<slot_fill> fills = *from.host_slots;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (!from.slots[i]) {
      continue;
    }
    const module_id id = modules[i]->plan().id;
    from.slots[i]->of_export.for_each([&](std::size_t ordinal, table_index slot) {
      fills.push_back({slot, {id, static_cast<std::uint32_t>(ordinal)}});
    });
  }
  auto filled = fill(fills);
  return filled ? fill_closures(from) : filled;
}

result<void> group_store::add_module(const load_plan_ptr& load, std::size_t plan_ordinal,
                                     const module_artifact_ptr& thunk_artifact,
                                     std::vector<module_id>& open_initialisers)
{
  const module_plan& plan = load->modules[plan_ordinal];
  const auto* code = dynamic_cast<const compiled_code*>(plan.artifact.get());
  INTERLINK_ASSERT(code != nullptr);
  places_.add(plan.name, code->places);
  if (auto again = take_again(load, plan, thunk_artifact)) {
    return run_closed_initialisers(instances_[plan.id] = std::move(*again), open_initialisers);
  }
  live_instance self;
  self.id = plan.id;
  self.load = load;
  self.plan = &plan;
  // What the program needs stays as long as the program.
  self.may_rest = code->can_start_again && load->modules.front().id != main_module;
  auto made = store_->make_i32_globals(planned_values(plan));
  if (!made) {
    return fail(in_module(made.error(), plan));
  }
  std::span<const engine::global> globals = *made;
  if (!plan.thunks.empty()) {
    if (auto thunks = instantiate_thunks(self, thunk_artifact, globals.first(plan.thunks.size())); !thunks) {
      return fail(in_module(thunks.error(), plan));
    }
    globals = globals.subspan(plan.thunks.size());
  }
  std::vector<extern_value> imports;
  imports.reserve(plan.imports.size() + 2);
  for (std::size_t i = 0; i < plan.imports.size(); ++i) {
    if (is_table_entry(plan.info->imports[i].type) && planned_value(plan.imports[i])) {
      imports.emplace_back(globals.front());
      globals = globals.subspan(1);
      continue;
    }
    auto bound = bind(plan, i, self);
    if (!bound) {
      return fail(in_module(bound.error(), plan));
    }
    imports.push_back(std::move(*bound));
  }
  if (code->imports_control_memory) {
    imports.emplace_back(environment_.control_memory);
  }
  if (code->imports_runtime_table) {
    imports.emplace_back(runtime_table_);
  }
  auto instance = store_->instantiate(*code->compiled, imports);
  if (!instance) {
    return fail(in_module(instance.error(), plan));
  }
  self.instance = *instance;
  if (auto applied = store_->find_export(self.instance, reserved::applied_global)) {
    self.applied = std::get<engine::global>(*applied);
  }
  if (auto stack_low = store_->find_export(self.instance, reserved::stack_low_global)) {
    self.stack_low = std::get<engine::global>(*stack_low);
    store_->global_set(*self.stack_low, value_slot::of_i32(compared_stack_low()));
  }
  if (plan.id == main_module) {
    const export_info* own = plan.info->find_export("__stack_pointer");
    if (own != nullptr && own->type == extern_type(global_type{wasm::i32, true})) {
      stack_pointer_ = std::get<engine::global>(*store_->find_export(self.instance, own->name));
      has_own_stack_pointer_ = true;
    }
    if (auto memory = store_->find_export(self.instance, "memory"); memory && !private_memory_ && !shared_memory_) {
      if (const auto* exported = std::get_if<engine::memory>(&*memory)) {
        private_memory_ = *exported;
      } else if (const auto* shared = std::get_if<engine::shared_memory_ptr>(&*memory)) {
        shared_memory_ = *shared;
      }
    }
  }
  if (self.may_rest) {
    self.planned = std::move(*made);
  }
  return run_closed_initialisers(instances_[plan.id] = std::move(self), open_initialisers);
}

result<void> group_store::run_closed_initialisers(const live_instance& self, std::vector<module_id>& open_initialisers)
{
  const module_plan& plan = *self.plan;
  if (plan.info->start == initialiser_kind::open) {
    open_initialisers.push_back(plan.id);
  } else if (plan.info->start == initialiser_kind::closed) {
    if (auto started = call_closed_initialiser(plan.id, reserved::start_function); !started) {
      return fail(started.error().with_context("start function of " + plan.name));
    }
  }
  memory_address block = block_of(plan.id);
  if (block.value == 0 && plan.id == main_module) {
    // A fixed-address main's start function has chosen the static block; what is relocated in it still has to be.
    if (auto base = find_export(plan.id, "__tls_base"); base && std::holds_alternative<engine::global>(*base)) {
      block.value = store_->global_get(std::get<engine::global>(*base)).i32();
      set_block(plan.id, block);
    }
  }
  return block.value == 0 ? result<void>{} : init_tls(self, block);
}

result<void> group_store::init_tls(const live_instance& self, memory_address block)
{
  const bool is_wasix = needs_own_tls_allocation(*self.plan->info);
  const std::string_view name = is_wasix ? wasix_init_tls : "__wasm_init_tls";
  const auto function = find_function(self.id, name);
  if (!function) {
    return {};
  }
  // The argument of the one, the place of the result of the other.
  std::array<value_slot, 1> values{value_slot::of_i32(static_cast<std::uint32_t>(block.value))};
  offered_block_ = is_wasix ? block : memory_address{};
  const result<void> called = [&] {
    const scoped_flag closed(runs_closed_initialiser_);
    return store_->call(*function, values);
  }();
  offered_block_ = {};
  if (!called) {
    return fail(called.error().with_context(std::string(name) + " of " + self.plan->name));
  }
  return {};
}

result<void> group_store::serve(const char* name, const host_call& call, std::span<value_slot> values)
{
  if (runs_closed_initialiser_) [[unlikely]] {
    return refuse_in_initialiser(name);
  }
  return server_.serve(name, call, values);
}

engine::function group_store::give_reserved_block(const engine::function& allocator)
{
  return store_->make_function(allocator_type, [this, allocator](engine::store& store, std::span<value_slot> values) {
    if (offered_block_.value == 0) {
      return runs_closed_initialiser_ ? refuse_in_initialiser("aligned_alloc, a second time")
                                      : store.call(allocator, values);
    }
    values[0] = value_slot::of_i32(static_cast<std::uint32_t>(std::exchange(offered_block_, {}).value));
    return result<void>{};
  });
}

std::optional<std::uint64_t> group_store::planned_value(const import_binding& binding) const
{
  if (const auto* constant = std::get_if<binding::constant>(&binding)) {
    return constant->value;
  }
  if (const auto* tls = std::get_if<binding::tls_address>(&binding)) {
    return block_of(tls->provider).value + tls->offset;
  }
  if (const auto* bound = std::get_if<binding::stack_bound>(&binding)) {
    return bound->is_high ? parameters_.stack_high.value : parameters_.stack_low.value;
  }
  return std::nullopt;
}

std::vector<std::uint32_t> group_store::planned_values(const module_plan& plan) const
{
  std::vector<std::uint32_t> values;
  values.reserve(plan.thunks.size() + plan.imports.size());
  for (const thunk_plan& thunk : plan.thunks) {
    values.push_back(static_cast<std::uint32_t>(thunk.slot.value));
  }
  for (std::size_t i = 0; i < plan.imports.size(); ++i) {
    if (const auto value = planned_value(plan.imports[i]); value && is_table_entry(plan.info->imports[i].type)) {
      values.push_back(static_cast<std::uint32_t>(*value));
    }
  }
  return values;
}

result<engine::extern_value> group_store::bind(const module_plan& plan, std::size_t import_ordinal,
                                               const live_instance& self)
{
  auto bound = bind_planned(plan, import_ordinal, self);
  const import_info& import = plan.info->imports[import_ordinal];
  if (bound && import.name == "aligned_alloc" && import.type == extern_type(allocator_type) &&
      needs_own_tls_allocation(*plan.info)) {
    return extern_value(give_reserved_block(std::get<engine::function>(*bound)));
  }
  return bound;
}

result<engine::extern_value> group_store::bind_planned(const module_plan& plan, std::size_t import_ordinal,
                                                       const live_instance& self)
{
  const import_info& import = plan.info->imports[import_ordinal];
  const import_binding& binding = plan.imports[import_ordinal];
  if (const auto value = planned_value(binding)) {
    auto made = store_->make_global(std::get<global_type>(import.type), value_slot::of_i64(*value));
    if (!made) {
      return fail(std::move(made.error()));
    }
    return extern_value(*made);
  }
  if (const auto* direct = std::get_if<binding::direct>(&binding)) {
    return bind_export(direct->provider, direct->export_ordinal);
  }
  if (const auto* thunk = std::get_if<binding::thunk>(&binding)) {
    auto function = store_->find_export(*self.thunks, std::to_string(thunk->number));
    INTERLINK_ASSERT(function.has_value());
    return std::move(*function);
  }
  if (std::holds_alternative<binding::linked_memory>(binding)) {
    if (environment_.linked_memory) {
      return extern_value(environment_.linked_memory);
    }
    INTERLINK_ASSERT(private_memory_.has_value());
    return extern_value(*private_memory_);
  }
  if (std::holds_alternative<binding::function_table>(binding)) {
    return extern_value(function_table_);
  }
  if (std::holds_alternative<binding::stack_pointer>(binding)) {
    return extern_value(*stack_pointer_);
  }
  if (std::holds_alternative<binding::shared_tag>(binding)) {
    auto tag = shared_tag(import);
    if (!tag) {
      return fail(std::move(tag.error()));
    }
    return extern_value(*tag);
  }
  return bind_host(import);
}

result<engine::extern_value> group_store::bind_host(const import_info& import)
{
  const std::tuple key{import.module_name, import.name, import.type}; // open modules take any type
  if (const auto known = host_functions_.find(key); known != host_functions_.end()) {
    return extern_value(known->second);
  }
  const host_registry::entry* entry = environment_.registry->find(import.module_name, import.name);
  if (entry != nullptr) {
    if (const auto* memory = std::get_if<engine::shared_memory_ptr>(entry)) {
      return extern_value(*memory);
    }
  }
  const auto& type = std::get<function_type>(import.type);
  engine::function made;
  if (entry != nullptr) {
    const auto& function = std::get<host_function>(*entry);
    made = store_->make_function(type, [this, &function](engine::store&, std::span<value_slot> v) {
      return serve(function.name.c_str(), function.call, v);
    });
  } else {
    // A function of an open module that nobody implements: it links, and answers Notsup.
    made = store_->make_function(type, [&report = environment_.on_unimplemented,
                                        name = import.module_name + "." + import.name,
                                        has_result = !type.results.empty()](engine::store&, std::span<value_slot> v) {
      report(name);
      if (has_result) {
        v[0] = value_slot::of_i32(errno_notsup);
      }
      return result<void>{};
    });
  }
  host_functions_.emplace(key, made);
  return extern_value(made);
}

result<engine::extern_value> group_store::bind_export(module_id provider, std::uint32_t export_ordinal)
{
  const auto found = instances_.find(provider);
  INTERLINK_ASSERT(found != instances_.end()); // a plan binds directly only to what comes before
  auto value = store_->find_export(found->second.instance, found->second.plan->info->exports[export_ordinal].name);
  INTERLINK_ASSERT(value.has_value());
  return std::move(*value);
}

result<void> group_store::instantiate_thunks(live_instance& self, const module_artifact_ptr& artifact,
                                             std::span<const engine::global> slots)
{
  const auto* code = dynamic_cast<const compiled_code*>(artifact.get());
  INTERLINK_ASSERT(code != nullptr);
  std::vector<extern_value> imports{function_table_, runtime_table_};
  auto id = store_->make_global({wasm::i32, true}, value_slot::of_i32(self.id.value));
  if (!id) {
    return fail(std::move(id.error()));
  }
  imports.emplace_back(*id);
  imports.insert(imports.end(), slots.begin(), slots.end());
  if (std::ranges::any_of(self.plan->thunks, &thunk_plan::tells_caller)) {
    imports.emplace_back(caller_);
  }
  auto instance = store_->instantiate(*code->compiled, imports);
  if (!instance) {
    return fail(std::move(instance.error()));
  }
  self.thunks = *instance;
  self.thunk_owner = *id;
  self.thunk_code = code->compiled;
  return {};
}

result<engine::tag> group_store::shared_tag(const import_info& import)
{
  if (const auto known = tags_.find(import.name); known != tags_.end()) {
    return known->second;
  }
  auto made = store_->make_tag(std::get<tag_type>(import.type));
  if (made) {
    tags_.emplace(import.name, *made);
  }
  return made;
}

void group_store::remove(std::span<const module_id> modules)
{
  for (const module_id id : modules) {
    if (const auto found = instances_.find(id); found != instances_.end()) {
      rest(found->second);
    }
  }
  for (const module_id id : modules) {
    instances_.erase(id);
    blocks_.erase(id);
  }
}

std::uint64_t group_store::dead_instance_count() const
{
  std::uint64_t living = instances_.size() + closure_batches_.size();
  for (const auto& [id, instance] : instances_) {
    living += instance.thunks ? 1 : 0;
  }
  return store_->instance_count() - living;
}

memory_address group_store::block_of(module_id module) const
{
  const auto found = blocks_.find(module);
  return found == blocks_.end() ? memory_address{} : found->second;
}

void group_store::set_applied(topology_version version)
{
  const auto value = value_slot::of_i32(static_cast<std::uint32_t>(version.value));
  for (const auto& [id, instance] : instances_) {
    if (instance.applied) {
      store_->global_set(*instance.applied, value);
    }
  }
  if (closures_applied_) {
    store_->global_set(*closures_applied_, value);
  }
}

std::optional<engine::extern_value> group_store::find_export(module_id module, std::string_view name)
{
  const auto found = instances_.find(module);
  return found == instances_.end() ? std::nullopt : store_->find_export(found->second.instance, name);
}

std::optional<engine::function> group_store::find_function(module_id module, std::string_view name)
{
  auto found = find_export(module, name);
  const auto* function = found ? std::get_if<engine::function>(&*found) : nullptr;
  return function == nullptr ? std::nullopt : std::optional(*function);
}

engine::function group_store::slot(table_index index)
{
  return store_->table_get(function_table_, index.value);
}

result<void> group_store::call_initialiser(module_id module, std::string_view name)
{
  const auto function = find_function(module, name);
  if (!function) {
    return {};
  }
  if (store_->type_of(*function) != function_type{}) {
    return fail(errc::symbol_type_mismatch,
                std::string(name) + " has type " + to_string(store_->type_of(*function)) + ", expected (func)");
  }
  return store_->call(*function, {});
}

result<void> group_store::call_closed_initialiser(module_id module, std::string_view name)
{
  const scoped_flag closed(runs_closed_initialiser_);
  return call_initialiser(module, name);
}

module_id group_store::take_caller()
{
  const module_id caller{store_->global_get(caller_).i32()};
  if (caller != no_module) {
    store_->global_set(caller_, value_slot::of_i32(0));
  }
  return caller == no_module ? main_module : caller;
}

std::span<std::byte> group_store::memory()
{
  if (shared_memory_) {
    return {shared_memory_->data(), shared_memory_->size_bytes()};
  }
  return private_memory_ ? store_->memory_data(*private_memory_) : std::span<std::byte>{};
}

} // namespace interlink

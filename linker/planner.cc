// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The planner chooses every number of a load: module ids, addresses, slots, blocks of thread-local storage, bindings.
// It exists so that a load is carried out many times and decided once. The requester carries the plan out in its own
// store before the load is published; every other thread carries out the same plan later, when it next needs to. A
// number that one of them chose by itself would be a function pointer that means something else in another thread.
//
// The planner works on copies of the arena and of the table, and the topology stays as it was until `prepare_load`
// takes the draft in. A load that is refused therefore needs no undoing.
//
// The order of the passes is fixed by what each needs. Modules come first, since closures and sizes follow from them.
// Memory and the modules' own slots are reserved before imports are bound, since a binding is often an address. Slots
// for functions whose address is taken come last, since only the bindings tell which functions these are. From then on
// no new symbol appears: a pass behind `bind_imports` may count and refuse, and decides no binding.
#include "linker/planner.hh"

#include "linker/dependency_order.hh"
#include "linker/group_blocks.hh"
#include "linker/memory_reservation.hh"
#include "linker/module_checks.hh"
#include "linker/resolver.hh"
#include "messages/limits.hh"

#include <algorithm>
#include <string>
#include <utility>

namespace interlink {

namespace {

/// One planning of one load. The steps run in the order of `run`; each fills its part of the draft.
class planner {
public:
  planner(const topology& state, const load_request& request, const std::vector<std::optional<module_id>>& known)
      : state_(state),
        request_(request),
        is_program_(request.kind == load_kind::program),
        table_(state.table),
        memory_(state.arena, state.reusable_up_to)
  {
    number_modules(known);
  }

  draft_outcome run();

private:
  void number_modules(const std::vector<std::optional<module_id>>& known);
  void find_closures();
  std::optional<error> check_modules() const;
  void reserve_memory();
  void reserve_group_blocks(const roster_entry& entry, group_id group);
  std::optional<error> check_memory_size();
  result<void> reserve_table();
  symbol_scope make_scope();
  result<void> bind_imports();
  void give_slots(const std::vector<function_source>& wanted, table_index base);
  std::optional<error> finish_table();
  load_draft finish();

  const std::vector<module_id>& needed_by(module_id id) const;

  const requested_module& requested(std::size_t place) const { return request_.modules[order_[place]]; }

  const topology& state_;
  const load_request& request_;
  bool is_program_;
  table_layout table_;
  memory_reservation memory_;
  std::vector<module_id> ids_;                         // by place in request_.modules
  std::vector<std::size_t> order_;                     // places of the new modules, in instantiation order
  std::map<module_id, std::vector<module_id>> needed_; // of the new modules
  std::vector<std::vector<module_id>> closures_;       // parallel to order_
  std::vector<module_id> root_closure_;
  load_plan plan_;
  std::vector<group_block> blocks_;
  std::vector<table_layout::slot_range> slots_;
  std::vector<slot_fill> published_slots_;
  std::vector<std::shared_ptr<module_slots>> given_slots_; // parallel to order_
  std::map<module_id, std::set<module_id>> bound_to_;
};

void planner::number_modules(const std::vector<std::optional<module_id>>& known)
{
  static const std::vector<std::size_t> nothing;
  order_ = dependencies_first(std::size_t{0}, [&](std::size_t place) -> const std::vector<std::size_t>& {
    return known[place] ? nothing : request_.modules[place].needed;
  });
  std::erase_if(order_, [&](std::size_t place) { return known[place].has_value(); });
  if (is_program_) {
    // Main goes first: it carries libc, which everything else calls directly.
    std::ranges::rotate(order_, std::prev(order_.end()));
  }
  ids_.resize(request_.modules.size());
  for (std::size_t place = 0; place < known.size(); ++place) {
    ids_[place] = known[place].value_or(no_module);
  }
  std::uint32_t next = state_.next_module;
  for (const std::size_t place : order_) {
    ids_[place] = module_id{next++};
  }
  for (const std::size_t place : order_) {
    std::vector<module_id>& needed = needed_[ids_[place]];
    for (const std::size_t dependency : request_.modules[place].needed) {
      needed.push_back(ids_[dependency]);
    }
  }
}

const std::vector<module_id>& planner::needed_by(module_id id) const
{
  const auto found = needed_.find(id);
  return found != needed_.end() ? found->second : state_.current->find(id)->needed;
}

void planner::find_closures()
{
  auto successors = [this](module_id id) -> const std::vector<module_id>& {
    return needed_by(id);
  };
  for (const std::size_t place : order_) {
    closures_.push_back(breadth_first(ids_[place], successors));
  }
  root_closure_ = breadth_first(ids_.front(), successors);
}

std::optional<error> planner::check_modules() const
{
  if (state_.current->modules->size() + order_.size() > state_.module_limit) {
    error_detail detail;
    detail.message = "more than " + std::to_string(state_.module_limit - 1) + " libraries would be open at once";
    detail.remedy = "close some, or allow the process more of them";
    return error(errc::limit_exceeded, std::move(detail));
  }
  for (const std::size_t place : order_) {
    const requested_module& module = request_.modules[place];
    const bool is_main = is_program_ && place == 0;
    if (const auto checked = check_module(*module.info, module.name, is_main); !checked) {
      return checked.error();
    }
  }
  return std::nullopt;
}

void planner::reserve_memory()
{
  for (std::size_t place = 0; place < order_.size(); ++place) {
    const requested_module& module = requested(place);
    const dylink_info dylink = module.info->dylink.value_or(dylink_info{});
    module_plan planned;
    planned.id = ids_[order_[place]];
    planned.name = module.name;
    planned.info = module.info;
    planned.artifact = module.artifact;
    planned.memory_size = dylink.memory_size;
    if (is_program_ && order_[place] == 0) {
      planned.memory_base = state_.layout.memory_base;
    } else {
      const auto taken = memory_.take(dylink.memory_size, std::uint64_t{1} << dylink.memory_alignment_log2);
      planned.memory_base.value = taken.range.address;
      planned.needs_zeroing = taken.is_dirty;
    }
    plan_.modules.push_back(std::move(planned));
  }
  for (const auto& [group, entry] : state_.roster) {
    reserve_group_blocks(entry, group);
  }
}

void planner::reserve_group_blocks(const roster_entry& entry, group_id group)
{
  bool needs_scratch = false;
  for (const module_plan& module : plan_.modules) {
    needs_scratch = needs_scratch || needs_scratch_stack(*module.info);
    if (module.id == main_module && state_.layout.is_fixed_address) {
      continue; // it has no arena: the first group's variables are the static ones in main's own data
    }
    if (has_tls_block(*module.info) && !entry.blocks.contains(module.id)) {
      const auto taken = memory_.take(module.info->tls_size, tls_block_alignment(*module.info));
      blocks_.push_back({group, module.id, memory_address{taken.range.address}, taken.range.size});
    }
  }
  if (needs_scratch && !entry.blocks.contains(no_module)) {
    const auto taken = memory_.take(scratch_stack_bytes, scratch_stack_alignment);
    blocks_.push_back({group, no_module, memory_address{taken.range.address}, taken.range.size});
  }
}

std::optional<error> planner::check_memory_size()
{
  plan_.memory_pages = state_.memory_pages;
  for (const module_plan& module : plan_.modules) {
    for (const import_info& import : module.info->imports) {
      const auto* type = std::get_if<memory_type>(&import.type);
      if (type != nullptr && import.module_name == "env" && import.name == "memory") {
        plan_.memory_pages = std::max(plan_.memory_pages, type->size.minimum);
      }
    }
  }
  const std::uint64_t needed = memory_.is_complete() ? 0 : memory_.block_size();
  if (plan_.memory_pages <= state_.layout.maximum_pages && needed <= state_.layout.maximum_pages * page_bytes) {
    return std::nullopt;
  }
  error_detail detail;
  detail.message = "the program's memory cannot hold the library: it needs " +
                   std::to_string(std::max(plan_.memory_pages * page_bytes, needed)) +
                   " bytes, the memory's maximum is " + std::to_string(state_.layout.maximum_pages * page_bytes);
  detail.module_name = request_.modules.front().name;
  detail.needed_bytes = needed;
  return error(errc::memory_exhausted, std::move(detail));
}

result<void> planner::reserve_table()
{
  for (module_plan& module : plan_.modules) {
    const std::uint64_t count = table_slots_of(*module.info);
    // Only a main may have absolute elements; it is the first to take slots, so that its own are those from 1 on.
    const bool is_absolute = has_absolute_elements(*module.info);
    const auto base = table_.allocate(count, is_absolute ? 0 : module.info->dylink->table_alignment_log2);
    if (!base) {
      return fail(base.error().with_context(module.name));
    }
    module.table_base = is_absolute ? null_slot : *base;
    if (count > 0) {
      slots_.push_back({base->value, static_cast<std::uint32_t>(count)});
    }
  }
  return {};
}

symbol_scope planner::make_scope()
{
  symbol_scope scope(*state_.current, *state_.catalog);
  auto add = [&](module_id id) {
    const auto planned = std::ranges::find(plan_.modules, id, &module_plan::id);
    if (planned != plan_.modules.end()) {
      const auto place = static_cast<std::size_t>(planned - plan_.modules.begin());
      scope.add({id, planned->info.get(), planned->name, planned->memory_base, planned->table_base, place});
    } else if (!state_.closing.contains(id)) {
      scope.add_published(id);
    }
  };
  if (request_.prefers_own_scope) {
    std::ranges::for_each(root_closure_, add);
  }
  std::ranges::for_each(*state_.current->global_scope, add);
  std::ranges::for_each(root_closure_, add);
  return scope;
}

result<void> planner::bind_imports()
{
  const symbol_scope scope = make_scope();
  auto resolved = resolve_imports(
      {*state_.current, state_.closing, plan_.modules, scope, *state_.catalog, state_.layout, request_.bind_now});
  if (!resolved) {
    return fail(resolved.error());
  }
  const auto base = table_.allocate(resolved->wanted_slots.size(), 0);
  if (!base) {
    return fail(base.error().with_context(request_.modules.front().name));
  }
  place_slots(*resolved, *base);
  for (std::size_t place = 0; place < plan_.modules.size(); ++place) {
    module_plan& module = plan_.modules[place];
    resolved_module& decided = resolved->modules[place];
    module.imports = std::move(decided.imports);
    module.thunks = std::move(decided.thunks);
    if (!decided.providers.empty()) {
      bound_to_[module.id] = std::move(decided.providers);
    }
    given_slots_.push_back(std::make_shared<module_slots>());
  }
  give_slots(resolved->wanted_slots, *base);
  return {};
}

void planner::give_slots(const std::vector<function_source>& wanted, table_index base)
{
  table_index slot = base;
  for (const function_source& source : wanted) {
    const auto planned = std::ranges::find(plan_.modules, source.provider, &module_plan::id);
    if (planned == plan_.modules.end()) { // a published module's, or the host's
      published_slots_.push_back({slot, source});
    } else {
      module_slots& given = *given_slots_[static_cast<std::size_t>(planned - plan_.modules.begin())];
      given.of_export.set(source.export_ordinal, slot);
      plan_.slots.push_back({slot, source});
      slots_.push_back({slot.value, 1});
    }
    ++slot.value;
  }
}

std::optional<error> planner::finish_table()
{
  plan_.table_size = std::max(table_.size(), state_.current->table_size);
  std::uint64_t maximum = limit::function_table_slots;
  for (const module_plan& module : plan_.modules) {
    for (const import_info& import : module.info->imports) {
      const auto* type = std::get_if<table_type>(&import.type);
      if (type != nullptr && import.module_name == "env" && import.name == "__indirect_function_table") {
        plan_.table_size = std::max(plan_.table_size, type->size.minimum);
        maximum = std::min(maximum, type->size.maximum.value_or(maximum));
      }
    }
  }
  if (plan_.table_size <= maximum) {
    return std::nullopt;
  }
  error_detail detail;
  const bool is_declared = maximum < limit::function_table_slots;
  detail.message = "the function table must have " + std::to_string(plan_.table_size) + " slots, " +
                   (is_declared ? "and a module declares a maximum of " : "the limit is ") + std::to_string(maximum);
  detail.module_name = request_.modules.front().name;
  detail.remedy = is_declared ? "link without a maximum for the table (--growable-table)" : "";
  return error(errc::table_exhausted, std::move(detail));
}

load_draft planner::finish()
{
  load_in_flight load;
  load.request = request_;
  plan_.id = load_id{state_.next_load};
  load.plan = std::make_shared<const load_plan>(std::move(plan_));
  for (std::size_t place = 0; place < order_.size(); ++place) {
    loaded_module loaded;
    loaded.load = load.plan;
    loaded.plan_ordinal = place;
    loaded.identity = requested(place).identity;
    loaded.needed = needed_.at(load.plan->modules[place].id);
    loaded.closure = std::move(closures_[place]);
    loaded.scope = root_closure_;
    load.modules.push_back(std::make_shared<const loaded_module>(std::move(loaded)));
    load.modules_asked.push_back(requested(place).asked);
    load.given_slots.emplace_back(load.plan->modules[place].id, std::move(given_slots_[place]));
  }
  load.blocks = std::move(blocks_);
  load.reserved_memory = memory_.taken();
  load.reserved_slots = std::move(slots_);
  load.bound_to = std::move(bound_to_);
  const auto next_module = state_.next_module + static_cast<std::uint32_t>(order_.size());
  return {std::move(load), memory_.arena(), std::move(table_), next_module, std::move(published_slots_), ids_.front()};
}

draft_outcome planner::run()
{
  // Each module must be linkable by itself.
  if (auto refused = check_modules()) {
    return *refused;
  }
  // The closure of each module; that of the root is the scope.
  find_closures();
  // Data, thread-local blocks of all groups, scratch stacks.
  reserve_memory();
  // What the memory can hold at most, whoever would give more.
  if (auto refused = check_memory_size()) {
    return *refused;
  }
  // The slots that element segments fill.
  if (const auto reserved = reserve_table(); !reserved) {
    return reserved.error();
  }
  // Every import gets its binding, every function whose address is taken its slot.
  if (const auto bound = bind_imports(); !bound) {
    return bound.error();
  }
  // ---- No new symbol appears from here on ----
  // The length of the table, now that all slots are known.
  if (auto refused = finish_table()) {
    return *refused;
  }
  // Asked last: a load that cannot be linked must not make the guest give memory away.
  if (!memory_.is_complete()) {
    return needs_memory{memory_.block_size(), memory_.block_alignment()};
  }
  // The draft, whole.
  return finish();
}

} // namespace

draft_outcome draft_load(const topology& state, const load_request& request,
                         const std::vector<std::optional<module_id>>& known)
{
  return planner(state, request, known).run();
}

namespace {

/// Nothing when there is nothing to plan: the root is published, or what was taken for published is gone.
std::optional<draft_outcome> draft_without_room(const snapshot& loaded, std::shared_ptr<const host_catalog> catalog,
                                                const main_layout& layout, const load_request& request)
{
  // A topology of which the snapshot is right and the rest is empty: nothing is taken from it.
  topology probe = make_topology(layout, std::move(catalog), limit::table_elements);
  probe.current = snapshot_ptr(snapshot_ptr(), &loaded);
  for (const loaded_module_ptr& module : *loaded.modules) {
    probe.next_module = std::max(probe.next_module, module->plan().id.value + 1);
  }
  std::vector<std::optional<module_id>> known;
  for (const requested_module& module : request.modules) {
    const loaded_module* published = loaded.find_by_identity(module.identity);
    known.push_back(published == nullptr ? std::nullopt : std::optional(published->plan().id));
    if (published == nullptr && !module.info) {
      return std::nullopt; // it is gone: the turn says so
    }
  }
  if (known.front()) {
    return std::nullopt;
  }
  return draft_load(probe, request, known);
}

} // namespace

std::optional<error> find_link_error(const snapshot& loaded, std::shared_ptr<const host_catalog> catalog,
                                     const main_layout& layout, const load_request& request)
{
  const auto drafted = draft_without_room(loaded, std::move(catalog), layout, request);
  const auto* failure = drafted ? std::get_if<error>(&*drafted) : nullptr;
  const bool lacks_room =
      failure != nullptr && (failure->code() == errc::memory_exhausted || failure->code() == errc::table_exhausted);
  return failure == nullptr || lacks_room ? std::nullopt : std::optional(*failure);
}

std::vector<host_import> find_host_imports(const snapshot& loaded, std::shared_ptr<const host_catalog> catalog,
                                           const main_layout& layout, const load_request& request)
{
  const auto drafted = draft_without_room(loaded, std::move(catalog), layout, request);
  const auto* draft = drafted ? std::get_if<load_draft>(&*drafted) : nullptr;
  return draft == nullptr ? std::vector<host_import>{} : find_host_imports(loaded, *draft->load.plan);
}

std::vector<host_import> find_host_imports(const snapshot& loaded, const load_plan& plan)
{
  std::map<table_index, host_function_ptr> host_slots;
  for (const slot_fill& fill : *loaded.host_slots) {
    host_slots.emplace(fill.slot, fill.source.host);
  }
  for (const slot_fill& fill : plan.slots) {
    host_slots.insert_or_assign(fill.slot, fill.source.host); // null: of a module
  }
  std::vector<host_import> found;
  for (const module_plan& module : plan.modules) {
    for (std::size_t i = 0; i < module.imports.size(); ++i) {
      const import_info& import = module.info->imports[i];
      const import_binding& bound = module.imports[i];
      table_index slot = null_slot;
      if (const auto* thunk = std::get_if<binding::thunk>(&bound)) {
        slot = module.thunks[thunk->number].slot;
      } else if (const auto* constant = std::get_if<binding::constant>(&bound);
                 constant != nullptr && import.module_name == "GOT.func") {
        slot = table_index{static_cast<std::uint32_t>(constant->value)};
      }
      const auto host = host_slots.find(slot);
      if (slot != null_slot && host != host_slots.end() && host->second) {
        found.push_back({module.name, host->second->module_name, host->second->name, host->second->type});
      } else if (std::holds_alternative<binding::host>(bound)) {
        found.push_back({module.name, import.module_name, import.name, import.type});
      }
    }
  }
  return found;
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The turns of a load: prepare, commit, abandon.
#include "linker/planner.hh"
#include "linker/topology.hh"
#include "linker/topology_edit.hh"
#include "messages/assert.hh"

#include <algorithm>
#include <utility>

namespace interlink {

namespace {

/// The published module that a file is; closing ones are no longer found.
std::optional<module_id> find_published(const topology& state, const requested_module& requested)
{
  const loaded_module* published = state.current->find_by_identity(requested.identity);
  return published == nullptr || state.closing.contains(published->plan().id) ? std::nullopt
                                                                              : std::optional(published->plan().id);
}

/// Slots that published modules' functions, or the host's, were given go out at once: others may look such a function
/// up, and an index that they learn must be that of an operation.
std::vector<operation_body> publish_slots(topology& state, const std::vector<slot_fill>& slots)
{
  if (slots.empty()) {
    return {};
  }
  next_snapshot next(state);
  for (const slot_fill& fill : slots) {
    next.give_slot(fill);
  }
  next.edit().table_size = std::max(next.edit().table_size, state.table.size());
  std::vector<operation_body> operations{resolve_function{slots, next.edit().table_size}};
  next.publish(state);
  return operations;
}

/// What the load has to wait for: another load in flight that claims a module of the closure, or a close of one.
/// `no_load`: nothing, but a module that is not there (any more) was not read.
std::optional<wait_for_load> find_obstacle(const topology& state, const load_request& request,
                                           const std::vector<std::optional<module_id>>& known)
{
  std::optional<wait_for_load> obstacle;
  for (std::size_t place = 0; place < known.size() && !obstacle; ++place) {
    const auto claim = state.claims.find(request.modules[place].identity);
    if (!known[place] && claim != state.claims.end()) {
      obstacle = wait_for_load{claim->second};
    }
  }
  for (std::size_t place = 0; place < known.size() && !obstacle; ++place) {
    const loaded_module* published = state.current->find_by_identity(request.modules[place].identity);
    if (known[place] || published == nullptr) {
      continue;
    }
    const closing_module& closing = state.closing.at(published->plan().id);
    if (!closes_cycle(state, request.requester, closing.closer)) {
      obstacle = wait_for_load{closing.close};
    }
  }
  for (std::size_t place = 0; place < known.size() && !obstacle; ++place) {
    if (!known[place] && !request.modules[place].info) {
      obstacle = wait_for_load{no_load};
    }
  }
  return obstacle;
}

planned_load take_in(topology& state, load_draft draft)
{
  const load_id id{state.next_load++};
  state.next_module = draft.next_module;
  state.arena = std::move(draft.arena);
  state.table = std::move(draft.table);
  for (const loaded_module_ptr& module : draft.load.modules) {
    const bool is_first = state.claims.emplace(module->identity, id).second;
    INTERLINK_ASSERT(is_first); // invariant T2
  }
  take_references(state, draft.load.bound_to);
  planned_load outcome{id, draft.root, draft.load.plan, {}, publish_slots(state, draft.published_slots)};
  std::ranges::copy_if(draft.load.blocks, std::back_inserter(outcome.requester_blocks),
                       [&](const group_block& block) { return block.group == draft.load.request.requester; });
  state.loads.emplace(id, std::move(draft.load));
  return outcome;
}

void release_claims(topology& state, const load_in_flight& load)
{
  for (const loaded_module_ptr& module : load.modules) {
    state.claims.erase(module->identity);
  }
}

/// Each block goes to its group; a second scratch stack, reserved by another load at the same time, goes back unseen.
std::vector<group_block> hand_over_blocks(topology& state, const load_in_flight& load)
{
  std::vector<group_block> kept;
  for (const group_block& block : load.blocks) {
    const memory_range range{block.address.value, block.size};
    if (state.roster.at(block.group).blocks.emplace(block.module, range).second) {
      kept.push_back(block);
      continue;
    }
    const auto reserved = std::ranges::find(load.reserved_memory, range, &memory_arena::allocation::range);
    // The requester may have rehearsed on it.
    const bool is_dirty = reserved->is_dirty || block.group == load.request.requester;
    state.arena.free(range, is_dirty, topology_version{0});
  }
  return kept;
}

/// Constructors belong to the load; main's own run inside its `_start`.
void begin_construction(topology& state, const load_in_flight& load, load_id id)
{
  construction built;
  built.owner = load.request.requester;
  for (const loaded_module_ptr& module : load.modules) {
    if (module->plan().id != main_module) {
      built.order.push_back(module->plan().id);
      state.constructed_by[module->plan().id] = id;
    }
  }
  built.states.resize(built.order.size(), construction::state::waiting);
  built.begun_by.resize(built.order.size(), no_group);
  if (!built.order.empty()) {
    state.constructions.emplace(id, std::move(built));
  }
}

/// The load as a delta: applied to whatever is current, which other loads may have changed since prepare.
void publish_load(topology& state, const load_in_flight& load, std::vector<module_artifact_ptr> thunk_artifacts)
{
  next_snapshot next(state);
  snapshot& edited = next.edit();
  std::vector<loaded_module_ptr> modules = *edited.modules;
  for (std::size_t i = 0; i < load.modules.size(); ++i) {
    auto loaded = std::make_shared<loaded_module>(*load.modules[i]);
    if (i < thunk_artifacts.size()) {
      loaded->thunk_artifact = std::move(thunk_artifacts[i]);
    }
    loaded->prefers_own_scope = load.request.prefers_own_scope;
    loaded->opens = std::make_shared<open_count>();
    note_names(edited, load.modules_asked.at(i), *loaded);
    const auto place = std::ranges::lower_bound(modules, loaded->plan().id, {},
                                                [](const loaded_module_ptr& module) { return module->plan().id; });
    edited.slots.insert(edited.slots.begin() + (place - modules.begin()), load.given_slots[i].second);
    modules.insert(place, std::move(loaded));
  }
  edited.modules = std::make_shared<const std::vector<loaded_module_ptr>>(std::move(modules));
  edited.table_size = std::max(edited.table_size, load.plan->table_size);
  if (load.request.kind == load_kind::program || load.request.is_global) {
    promote_to_global(edited, load.modules.front()->scope);
  }
  next.publish(state);
}

} // namespace

bool changes_only_the_count(const snapshot& applied, const loaded_module& library, const load_request& how)
{
  return !how.is_final && (!how.is_global || is_global(applied, library.closure));
}

std::optional<already_loaded> reopen_library(topology& state, const load_request& request)
{
  const auto root = find_published(state, request.modules.front());
  if (!root || state.current->is_stopping) {
    return std::nullopt;
  }
  const loaded_module& library = *state.current->find(*root);
  already_loaded outcome{*root, {}, library.opens->is_constructed()};
  library.opens->open();
  if (request.is_final) {
    state.final_modules.insert(*root);
  }
  note_later_root(state, library);
  const bool shows_in_scope = request.is_global && !is_global(*state.current, library.closure);
  if (!shows_in_scope && request.modules.front().asked.empty()) {
    return outcome;
  }
  next_snapshot next(state);
  if (request.is_global) {
    promote_to_global(next.edit(), library.closure);
  }
  note_names(next.edit(), request.modules.front().asked, library);
  if (next.edit().global_scope != state.current->global_scope || next.edit().names != state.current->names) {
    outcome.operations.emplace_back(resolve_function{{}, next.edit().table_size});
    next.publish(state);
  }
  return outcome;
}

prepare_outcome prepare_load(topology& state, const load_request& request)
{
  INTERLINK_ASSERT(!request.modules.empty());
  if (state.current->is_stopping) {
    return error(errc::stopping, "the process is stopping; nothing can be loaded");
  }
  if (auto open = reopen_library(state, request)) {
    return std::move(*open);
  }
  // Which modules of the closure are loaded already.
  std::vector<std::optional<module_id>> known;
  known.reserve(request.modules.size());
  for (const requested_module& module : request.modules) {
    known.push_back(find_published(state, module));
  }
  // All claims or none: a load that holds one claim and waits for another could close a cycle.
  if (const auto obstacle = find_obstacle(state, request, known)) {
    return *obstacle;
  }
  // Every number, on copies.
  draft_outcome drafted = draft_load(state, request, known);
  // Claims, reservations and references become the topology's.
  if (auto* draft = std::get_if<load_draft>(&drafted)) {
    return take_in(state, std::move(*draft));
  }
  if (auto* shortfall = std::get_if<needs_memory>(&drafted)) {
    return *shortfall;
  }
  return std::get<error>(std::move(drafted));
}

operation_body commit_load(topology& state, load_id id, std::vector<module_artifact_ptr> thunk_artifacts)
{
  auto node = state.loads.extract(id);
  INTERLINK_ASSERT(!node.empty());
  load_in_flight& load = node.mapped();
  // Behind this line the load cannot fail. Blocks go to their groups, the claims away.
  load_modules operation{load.plan, thunk_artifacts, hand_over_blocks(state, load), load.request.requester};
  operation.thunk_artifacts.resize(load.plan->modules.size());
  release_claims(state, load);
  // What was reserved and bound is published.
  state.memory_pages = std::max(state.memory_pages, load.plan->memory_pages);
  state.bound_to.merge(load.bound_to);
  // Constructors are the requester's to run, before anybody else's open of these modules returns.
  begin_construction(state, load, id);
  // An open handle keeps a library loaded.
  if (load.request.kind == load_kind::library) {
    if (load.request.is_final) {
      state.final_modules.insert(load.modules.front()->scope.front());
    }
  }
  // The snapshot that the groups read.
  publish_load(state, load, std::move(thunk_artifacts));
  const loaded_module& root = *state.current->find(load.modules.front()->scope.front());
  if (load.request.kind == load_kind::library) {
    root.opens->open();
  }
  note_later_root(state, root);
  return operation;
}

void abandon_load(topology& state, load_id id)
{
  auto node = state.loads.extract(id);
  if (node.empty()) {
    return;
  }
  const load_in_flight& load = node.mapped();
  release_claims(state, load);
  give_back_references(state, load.bound_to);
  for (const memory_arena::allocation& reserved : load.reserved_memory) {
    state.arena.free(reserved.range, reserved.is_dirty, topology_version{0});
  }
  for (const table_layout::slot_range& range : load.reserved_slots) {
    state.table.free(table_index{range.base}, range.count);
  }
}

void add_memory(topology& state, memory_range range)
{
  // Nobody knows what the guest's allocator has in it.
  state.arena.add(range, true);
}

} // namespace interlink

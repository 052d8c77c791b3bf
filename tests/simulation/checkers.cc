// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/checkers.hh"

#include "linker/closures.hh"
#include "tests/simulation/seeded_scheduler.hh"
#include "tests/support/fake_engine.hh"
#include "tests/support/fake_guests.hh"

#include <algorithm>
#include <cstring>
#include <set>

#include "wasm/reserved_names.hh"

namespace interlink::simulation {

namespace {

using support::fake_store;
using support::function_origin;

constexpr std::uint64_t relocated_word = 4;
constexpr std::uint64_t started_word = 12;

std::string number(std::uint64_t value)
{
  return std::to_string(value);
}

std::uint32_t word_at(const process_core& process, std::uint64_t address)
{
  std::uint32_t word = 0;
  const auto& memory = process.environment.linked_memory;
  if (address + sizeof word <= memory->size_bytes()) {
    std::memcpy(&word, memory->data() + address, sizeof word);
  }
  return word;
}

bool is_zero(const process_core& process, memory_range range)
{
  const auto& memory = process.environment.linked_memory;
  const std::uint64_t end = std::min<std::uint64_t>(range.end(), memory->size_bytes());
  return range.address >= end || std::all_of(memory->data() + range.address, memory->data() + end,
                                             [](std::byte b) { return b == std::byte{}; });
}

bool is_free(const topology& state, memory_range range)
{
  return std::ranges::any_of(state.arena.free_ranges(), [&](const memory_arena::free_range& free) {
    return free.range.address <= range.address && range.end() <= free.range.end();
  });
}

std::string describe(const log_node<operation_body>& node)
{
  std::string text = number(node.version().value) + ": ";
  if (const auto* load = std::get_if<load_modules>(&node.body())) {
    text += "load " + number(load->plan->id.value) + " by group " + number(load->requester.value) + ", modules";
    for (const module_plan& module : load->plan->modules) {
      text += " " + number(module.id.value) + "=lib" + number(library_number(module)) + "@" +
              number(module.memory_base.value);
    }
  } else if (const auto* resolve = std::get_if<resolve_function>(&node.body())) {
    text += "slots";
    for (const slot_fill& fill : resolve->slots) {
      text += " " + number(fill.slot.value) + "=module " + number(fill.source.provider.value);
    }
  } else if (const auto* unload = std::get_if<unload_modules>(&node.body())) {
    text += "unload";
    for (const module_id module : unload->modules) {
      text += " " + number(module.value);
    }
  } else if (const auto* set = std::get_if<set_closures>(&node.body())) {
    text += "closures";
    for (const closure_fill& fill : set->closures) {
      text += " " + number(fill.slot.value) + "=" + number(fill.binding.value);
    }
  } else {
    text += std::holds_alternative<stop_process>(node.body()) ? "stop" : "slots for the guest";
  }
  return text;
}

/// Whose a range is, in words only when somebody complains.
struct owned_range {
  enum class kind : std::uint8_t { data, block, reservation, free };

  memory_range range;
  kind what = kind::free;
  std::uint64_t owner{};  ///< module, group or load
  std::uint32_t module{}; ///< of a block

  std::string text() const
  {
    switch (what) {
    case kind::data:
      return "data of module " + number(owner);
    case kind::block:
      return "block of group " + number(owner) + " for module " + number(module);
    case kind::reservation:
      return "reserved by load " + number(owner);
    case kind::free:
      break;
    }
    return "free";
  }
};

/// Everything that a module needs, itself left out.
std::set<module_id> needs_of(const snapshot& published, module_id module)
{
  const std::vector<module_id>& closure = published.find(module)->closure;
  return {closure.begin() + 1, closure.end()};
}

/// Whether what a parked request waits for has not ended: the turn that ends it answers those who wait.
bool is_under_way(const topology& state, const wait_holder& awaited)
{
  switch (awaited.what) {
  case wait_target::load:
    return state.loads.contains(awaited.load);
  case wait_target::close:
    return std::ranges::any_of(state.closing, [&](const auto& each) { return each.second.close == awaited.load; });
  case wait_target::constructor:
    break;
  }
  return std::ranges::any_of(state.constructed_by, [&](const auto& each) {
    const loaded_module* const module = state.current->find(each.first);
    return module != nullptr && module->plan().name == awaited.library;
  });
}

} // namespace

void add_slots(slot_map& slots, const module_plan& plan, const module_slots& given, complaints* found)
{
  const auto add = [&](std::uint32_t slot, std::uint32_t function) {
    const auto [place, is_new] = slots.emplace(slot, function_place(plan.id, function));
    if (found != nullptr && (slot == 0 || (!is_new && place->second != function_place(plan.id, function)))) {
      found->push_back("T3: slot " + number(slot) + " is filled by two functions, or is slot 0");
    }
  };
  for (const element_function& element : plan.info->element_functions) {
    add(plan.table_base.value + element.offset, element.function_index);
  }
  given.of_export.for_each(
      [&](std::size_t ordinal, table_index slot) { add(slot.value, plan.info->exports[ordinal].index); });
}

slot_map slots_of(const snapshot& published, complaints* found)
{
  slot_map slots;
  for (std::size_t i = 0; i < published.modules->size(); ++i) {
    add_slots(slots, (*published.modules)[i]->plan(), *published.slots[i], found);
  }
  return slots;
}

std::uint32_t library_number(const module_plan& plan)
{
  const std::size_t at = plan.name.rfind("/lib");
  return plan.id == main_module || at == std::string::npos
             ? 0
             : static_cast<std::uint32_t>(std::stoul(plan.name.substr(at + 4)));
}

complaints coordinator_watch::check()
{
  complaints found;
  read_log(found);
  check_ranges(found);
  check_slots(found);
  check_claims(found);
  check_waits(found);
  check_abandoned(found);
  check_words(found);
  return found;
}

complaints coordinator_watch::check_turn()
{
  complaints found;
  check_begun(found);
  check_undone(found);
  return found;
}

void coordinator_watch::check_begun(complaints& found)
{
  const topology& state = process_.coordination().state();
  std::map<module_id, group_id> begun;
  for (const auto& [load, built] : state.constructions) {
    for (std::size_t i = 0; i < built.order.size(); ++i) {
      if (built.states[i] == construction::state::begun) {
        begun.emplace(built.order[i], built.begun_by[i]);
      }
    }
  }
  for (const auto& [module, group] : begun) {
    if (begun_.contains(module)) {
      continue;
    }
    for (const module_id needed : needs_of(*state.current, module)) {
      if (!may_begin_before(group, module, needed)) {
        found.push_back("the constructor of module " + number(module.value) + " begins before that of module " +
                        number(needed.value) + ", which it needs");
      }
    }
  }
  begun_ = std::move(begun);
}

bool coordinator_watch::may_begin_before(group_id group, module_id module, module_id needed) const
{
  const topology& state = process_.coordination().state();
  const auto load = state.constructed_by.find(needed);
  if (load == state.constructed_by.end() || needs_of(*state.current, needed).contains(module)) {
    return true; // it has run, or each needs the other
  }
  const construction& built = state.constructions.at(load->second);
  const auto place = static_cast<std::size_t>(std::ranges::find(built.order, needed) - built.order.begin());
  const bool is_begun = built.states[place] == construction::state::begun;
  // Who is to run it, and whether that waits for us in the end.
  group_id owner = is_begun ? built.begun_by[place] : built.owner;
  for (auto next = state.waits_for.find(owner); owner != group && next != state.waits_for.end();
       next = state.waits_for.find(owner)) {
    owner = next->second;
  }
  return owner == group;
}

void coordinator_watch::check_undone(complaints& found)
{
  const topology& state = process_.coordination().state();
  const std::uint64_t hash = hash_of(state);
  for (auto each = unprepared_.begin(); each != unprepared_.end();) {
    topology& before = each->second.before;
    const bool is_over = !state.loads.contains(each->first);
    // A turn in which the requester leaves does more than abandon.
    if (is_over && !committed_now(each->first) && before.roster.size() == state.roster.size()) {
      before.reusable_up_to = state.reusable_up_to;
      if (hash_of(before) != hash) {
        found.push_back("T5: load " + number(each->first.value) + " was abandoned, and the topology is another");
      }
    }
    each = is_over || hash != each->second.hash_prepared ? unprepared_.erase(each) : std::next(each);
  }
  for (const auto& [id, load] : state.loads) {
    if (!last_.loads.contains(id)) {
      unprepared_.emplace(id, unprepared{last_, hash});
    }
  }
  if (hash != last_hash_) { // most turns only answer
    last_ = state;
    last_hash_ = hash;
  }
}

bool coordinator_watch::committed_now(load_id load) const
{
  const topology& state = process_.coordination().state();
  return std::ranges::any_of(*state.current->modules,
                             [&](const loaded_module_ptr& module) { return module->load->id == load; });
}

complaints coordinator_watch::check_publication(schedule_place place)
{
  const coordinator& actor = process_.coordination();
  const topology_version head = actor.head();
  complaints found;
  if (place == schedule_place::snapshot_stored) {
    stored_ = actor.state().current->version;
  }
  if (head > stored_) {
    found.push_back("C1: a head is published ahead of its snapshot");
  }
  if (place == schedule_place::turn_ends && actor.state().reusable_up_to > head) {
    found.push_back("C3: memory that was freed by an unpublished operation counts as free");
  }
  return found;
}

std::uint64_t coordinator_watch::reused_ranges() const
{
  std::uint64_t count = 0;
  for (const group_log::cursor& node : log_) {
    if (const auto* load = std::get_if<load_modules>(&node->body())) {
      count += static_cast<std::uint64_t>(std::ranges::count(load->plan->modules, true, &module_plan::needs_zeroing));
    }
  }
  return count;
}

std::uint64_t coordinator_watch::reused_slots() const
{
  std::uint64_t count = 0;
  std::set<std::uint32_t> freed;
  for (const group_log::cursor& node : log_) {
    if (const auto* load = std::get_if<load_modules>(&node->body())) {
      for (const module_plan& module : load->plan->modules) {
        for (std::uint32_t i = 0; module.info->dylink && i < module.info->dylink->table_size; ++i) {
          count += freed.erase(module.table_base.value + i);
        }
      }
      for (const slot_fill& fill : load->plan->slots) {
        count += freed.erase(fill.slot.value);
      }
    } else if (const auto* resolve = std::get_if<resolve_function>(&node->body())) {
      for (const slot_fill& fill : resolve->slots) {
        count += freed.erase(fill.slot.value);
      }
    } else if (const auto* unload = std::get_if<unload_modules>(&node->body())) {
      for (const table_index slot : unload->slots) {
        freed.insert(slot.value);
      }
    }
  }
  return count;
}

std::uint64_t coordinator_watch::skipped_modules(topology_version from, const snapshot& now, group_id group) const
{
  std::uint64_t count = 0;
  for (std::uint64_t version = from.value + 1; version <= now.version.value && version < log_.size(); ++version) {
    const auto* load = std::get_if<load_modules>(&log_[version]->body());
    if (load != nullptr && load->requester != group) {
      count += static_cast<std::uint64_t>(std::ranges::count_if(
          load->plan->modules, [&](const module_plan& module) { return now.find(module.id) == nullptr; }));
    }
  }
  return count;
}

std::uint64_t coordinator_watch::incarnations(std::uint32_t library) const
{
  const auto known = incarnations_.find(library);
  std::uint64_t count = known == incarnations_.end() ? 0 : known->second;
  // What was appended since the last batch ended, too: others may have applied it already.
  for (group_log::cursor at = log_.back()->next(); at; at = at->next()) {
    if (const auto* load = std::get_if<load_modules>(&at->body())) {
      count += static_cast<std::uint64_t>(std::ranges::count(load->plan->modules, library, &library_number));
    }
  }
  return count;
}

void coordinator_watch::read_log(complaints& found)
{
  const coordinator& actor = process_.coordination();
  const topology_version head = actor.head();
  const snapshot_ptr current = actor.current();
  if (current->version != head || actor.state().current != current) {
    found.push_back("C1: the batch has ended and head, snapshot and state differ");
  }
  while (log_.back()->version() < head) {
    const group_log::cursor next = log_.back()->next();
    if (!next || next->version().value != log_.back()->version().value + 1) {
      found.push_back("T1: no operation for version " + number(log_.back()->version().value + 1));
      return;
    }
    if (const auto* load = std::get_if<load_modules>(&next->body())) {
      if (!committed_.emplace(load->plan->id, true).second) {
        found.push_back("T1: load " + number(load->plan->id.value) + " is published twice");
      }
      for (const module_plan& module : load->plan->modules) {
        ++incarnations_[library_number(module)];
      }
    }
    if (auto* scheduler = seeded_scheduler::current()) {
      scheduler->trace("published " + describe(*next));
    }
    log_.push_back(next);
  }
}

void coordinator_watch::check_ranges(complaints& found) const
{
  const topology& state = process_.coordination().state();
  std::vector<owned_range> ranges;
  const auto add = [&](memory_range range, owned_range::kind what, std::uint64_t owner, std::uint32_t module = 0) {
    if (range.address != 0 && range.size != 0) {
      ranges.push_back({range, what, owner, module});
    }
  };
  for (const loaded_module_ptr& module : *state.current->modules) {
    const module_plan& plan = module->plan();
    add({plan.memory_base.value, plan.memory_size}, owned_range::kind::data, plan.id.value);
  }
  for (const auto& [group, entry] : state.roster) {
    for (const auto& [module, range] : entry.blocks) {
      if (module != main_module || entry.owns_main_tls) {
        add(range, owned_range::kind::block, group.value, module.value);
      }
    }
  }
  for (const auto& [id, load] : state.loads) {
    for (const auto& reserved : load.reserved_memory) {
      add(reserved.range, owned_range::kind::reservation, id.value);
    }
  }
  for (const auto& free : state.arena.free_ranges()) {
    add(free.range, owned_range::kind::free, 0);
  }
  std::ranges::sort(ranges, {}, [](const owned_range& each) { return each.range.address; });
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i - 1].range.end() > ranges[i].range.address) {
      found.push_back("T4: " + ranges[i - 1].text() + " overlaps " + ranges[i].text() + " at " +
                      number(ranges[i].range.address));
    }
  }
}

void coordinator_watch::check_slots(complaints& found) const
{
  const topology& state = process_.coordination().state();
  const slot_map slots = slots_of(*state.current, &found);
  std::set<std::uint32_t> trampolines;
  state.current->closures->of_slot.for_each([&](std::size_t slot, closure_binding binding) {
    const auto place = static_cast<std::uint32_t>(slot);
    if (slots.contains(place) || slot == 0 || slot >= state.current->table_size) {
      found.push_back("T3: slot " + number(slot) + " is a closure's, and another's or beyond the table's length");
    }
    if (std::ranges::any_of(state.table.free_ranges(), [&](const table_layout::slot_range& free) {
          return free.base <= place && place < free.base + free.count;
        })) {
      found.push_back("T3: slot " + number(slot) + " is a closure's and free");
    }
    if (binding.is_prepared() && !trampolines.insert(binding.number()).second) {
      found.push_back("T3: trampoline " + number(binding.number()) + " is in two slots");
    }
  });
  for (const auto& [type, free] : state.closures.free_trampolines) {
    for (const std::uint32_t each : free) {
      if (!trampolines.insert(each).second) {
        found.push_back("T3: trampoline " + number(each) + " is free, and in a slot or free twice");
      }
    }
  }
  if (!slots.empty() && slots.rbegin()->first >= state.current->table_size) {
    found.push_back("T3: slot " + number(slots.rbegin()->first) + " is beyond the table's length");
  }
  for (const table_layout::slot_range& free : state.table.free_ranges()) {
    const auto taken = slots.lower_bound(free.base);
    if (taken != slots.end() && taken->first < free.base + free.count) {
      found.push_back("T3: slot " + number(taken->first) + " is filled and free");
    }
  }
}

void coordinator_watch::check_claims(complaints& found) const
{
  const topology& state = process_.coordination().state();
  std::size_t claimed = 0;
  for (const auto& [id, load] : state.loads) {
    for (const loaded_module_ptr& module : load.modules) {
      const auto claim = state.claims.find(module->identity);
      if (claim == state.claims.end() || claim->second != id) {
        found.push_back("T2: load " + number(id.value) + " does not hold the claim of its module " +
                        number(module->plan().id.value));
      }
      ++claimed;
    }
  }
  if (state.claims.size() > claimed) {
    found.push_back("T2: a claim that no load holds");
  }
  std::set<file_identity> files;
  for (const loaded_module_ptr& module : *state.current->modules) {
    const bool is_found = !state.closing.contains(module->plan().id);
    if (is_found && (!files.insert(module->identity).second || state.claims.contains(module->identity))) {
      found.push_back("T8: the file of module " + number(module->plan().id.value) + " is loaded twice");
    }
  }
  for (const auto& [id, closing] : state.closing) {
    if (state.current->find(id) == nullptr || !state.roster.contains(closing.closer)) {
      found.push_back("T8: module " + number(id.value) + " is closing, and gone, or its closer is");
    }
  }
}

void coordinator_watch::check_waits(complaints& found) const
{
  const topology& state = process_.coordination().state();
  if (state.current->is_stopping) {
    return; // all waits are answered by the stop
  }
  for (const auto& [id, member] : state.roster) {
    const auto group = process_.threads.find(id);
    const auto holder = group == nullptr ? nullptr : group->wait_in_linker().holder.load();
    if (holder != nullptr && !is_under_way(state, *holder)) {
      found.push_back("T7: group " + number(id.value) + " waits for what is over: " + holder->library + " by group " +
                      number(holder->group.value));
    }
  }
  for (const auto& [waiter, owner] : state.waits_for) {
    std::set<group_id> seen{waiter};
    for (auto at = state.waits_for.find(waiter); at != state.waits_for.end(); at = state.waits_for.find(at->second)) {
      if (!seen.insert(at->second).second) {
        found.push_back("T7: group " + number(waiter.value) + " is in a cycle of waits");
        break;
      }
    }
    if (!state.roster.contains(owner) || !state.roster.contains(waiter)) {
      found.push_back("T7: group " + number(waiter.value) + " waits for a group that is gone, or is gone itself");
    }
  }
}

void coordinator_watch::check_abandoned(complaints& found)
{
  const topology& state = process_.coordination().state();
  for (const auto& [id, plan] : in_flight_) {
    if (state.loads.contains(id) || committed_.contains(id)) {
      continue;
    }
    for (const module_plan& module : plan->modules) {
      const memory_range range{module.memory_base.value, module.memory_size};
      // Whoever was given the range in the same batch may be writing there by now.
      if (is_free(state, range) && !is_zero(process_, range)) {
        found.push_back("T5: load " + number(id.value) + " was abandoned and left its data in memory");
      }
      if (state.current->find(module.id) != nullptr) {
        found.push_back("T5: load " + number(id.value) + " was abandoned and is published");
      }
    }
  }
  in_flight_.clear();
  for (const auto& [id, load] : state.loads) {
    in_flight_.emplace(id, load.plan);
  }
}

void coordinator_watch::check_words(complaints& found)
{
  for (const loaded_module_ptr& module : *process_.coordination().state().current->modules) {
    const module_plan& plan = module->plan();
    const std::uint32_t library = library_number(plan);
    if (library == 0 || plan.memory_size == 0) {
      continue;
    }
    if (word_at(process_, plan.memory_base.value + relocated_word) != plan.memory_base.value + 8) {
      found.push_back("C3: the relocated word of module " + number(plan.id.value) + " was overwritten");
    }
    const std::uint32_t started = word_at(process_, plan.memory_base.value + started_word);
    const bool must_be = plan.info->start == initialiser_kind::closed || started_[plan.id] != 0;
    if (started != library && (started != 0 || must_be)) {
      found.push_back("C3: the word of module " + number(plan.id.value) + " (library " + number(library) + ") holds " +
                      number(started));
    }
    started_[plan.id] = started;
  }
}

complaints coordinator_watch::check_end() const
{
  complaints found;
  const topology& state = process_.coordination().state();
  for (const group_log::cursor& node : log_) {
    if (node->pending() != 0) {
      found.push_back("G4: operation " + number(node->version().value) + " is owed by " + number(node->pending()) +
                      " groups, and all have left");
    }
  }
  if (!state.roster.empty() || !state.loads.empty() || !state.waits_for.empty() || !state.closing.empty() ||
      !state.claims.empty() || !state.pins.empty()) {
    found.push_back("G4: the roster, a load, a claim, a close, a pin or a wait outlives all groups");
  }
  return found;
}

namespace {

/// Mixes one number in. The order counts.
void mix(std::uint64_t& hash, std::uint64_t value)
{
  hash = (hash ^ value) * 0x9E37'79B9'7F4A'7C15ULL;
  hash ^= hash >> 29;
}

bool is_absent(instance_group& group, std::uint32_t slot)
{
  return engine::is_null(group.store().slot(table_index{slot}));
}

void check_table(instance_group& group, bool is_loading, std::uint64_t& contents, complaints& found)
{
  auto& store = static_cast<fake_store&>(group.store().store());
  const snapshot& applied = group.applied();
  const slot_map slots = slots_of(applied);
  std::map<std::uint64_t, module_id> modules;
  for (const auto& [id, instance] : group.store().instances()) {
    modules.emplace(instance.instance.bits[0], id);
  }
  constexpr std::uint32_t beyond = 32; // what an abandoned load left would stand behind the others
  for (std::uint32_t slot = 0; slot < applied.table_size + beyond; ++slot) {
    const function_origin origin = store.origin_of(group.store().slot(table_index{slot}));
    const auto expected = slots.find(slot);
    const auto module = modules.find(origin.instance);
    const bool is_null = origin.instance == 0;
    const closure_binding closure = applied.closures->of_slot[slot];
    if (closure.is_closure()) {
      // One that is not prepared has a function of the host's. Whose instance a trampoline is of shows when it is
      // called.
      const bool is_trampoline =
          !is_null && module == modules.end() && origin.index == closure.number() % closures_per_batch;
      if (closure.is_prepared() ? !is_trampoline : is_absent(group, slot)) {
        found.push_back("G1: at version " + number(applied.version.value) + " slot " + number(slot) + " of group " +
                        number(group.id().value) + " has not its closure");
      }
      mix(contents, closure.value);
      continue;
    }
    const bool is_right =
        expected == slots.end()
            ? is_null || is_loading
            : module != modules.end() && function_place(module->second, origin.index) == expected->second;
    if (!is_right) {
      found.push_back("G1: at version " + number(applied.version.value) + " slot " + number(slot) + " of group " +
                      number(group.id().value) +
                      (expected == slots.end() ? " should be null" : " has not its function"));
    }
    mix(contents, module == modules.end() ? 0 : std::uint64_t{module->second.value} << 32 | origin.index);
  }
}

void check_globals(instance_group& group, std::uint64_t& contents, complaints& found)
{
  auto& store = static_cast<fake_store&>(group.store().store());
  for (const loaded_module_ptr& module : *group.applied().modules) {
    const module_plan& plan = module->plan();
    const auto instance = group.store().instances().find(plan.id);
    if (instance == group.store().instances().end()) {
      found.push_back("G1: group " + number(group.id().value) + " has no instance of module " + number(plan.id.value));
      continue;
    }
    const auto values = store.imported_globals(instance->second.instance);
    std::size_t place = 0;
    for (std::size_t i = 0; i < plan.imports.size(); ++i) {
      if (kind_of(plan.info->imports[i].type) != extern_kind::global) {
        continue;
      }
      const auto* constant = std::get_if<binding::constant>(&plan.imports[i]);
      if (constant != nullptr && values[place] != constant->value) {
        found.push_back("a base or GOT entry of module " + number(plan.id.value) + " differs from its plan");
      }
      if (constant != nullptr) {
        mix(contents, values[place]);
      }
      ++place;
    }
  }
}

void check_tls(instance_group& group, complaints& found)
{
  for (const loaded_module_ptr& module : *group.applied().modules) {
    const module_plan& plan = module->plan();
    const memory_address block = group.store().block_of(plan.id);
    // A module that is unloaded and not taken out here yet has given its blocks back: nobody calls it any more.
    if (plan.info->tls_size == 0 || process_of(group).coordination().state().current->find(plan.id) == nullptr) {
      continue;
    }
    const std::uint32_t expected = support::tls_word_of(library_number(plan));
    if (block.value == 0 || word_at(process_of(group), block.value) != expected) {
      found.push_back("G1: group " + number(group.id().value) + " has no thread-local storage of module " +
                      number(plan.id.value) + " at " + number(block.value));
    }
  }
}

} // namespace

complaints group_watch::check(instance_group& group, bool is_loading)
{
  complaints found;
  const topology_version version = group.applied().version;
  // Memory is others' as well; tables and globals are the store's own, and say when they have changed.
  check_tls(group, found);
  const seen_group now{version, static_cast<const fake_store&>(group.store().store()).changes(), is_loading};
  if (const auto [seen, is_new] = seen_.try_emplace(group.id(), now); is_new || seen->second != now) {
    std::uint64_t contents = 0;
    check_table(group, is_loading, contents, found);
    check_globals(group, contents, found);
    if (!is_loading && contents_.emplace(version, contents).first->second != contents) {
      found.push_back("groups differ at version " + number(version.value) + ": group " + number(group.id().value) +
                      " holds something else");
    }
    seen->second = now;
  }
  if (const topology_version head = process_of(group).coordination().head(); version > head) {
    found.push_back("C1: group " + number(group.id().value) + " has applied version " + number(version.value) +
                    ", and guest code finds the head at " + number(head.value));
  }
  topology_version& last = applied_[group.id()];
  if (version < last) {
    found.push_back("group " + number(group.id().value) + " went back from version " + number(last.value) + " to " +
                    number(version.value));
  }
  last = version;
  return found;
}

} // namespace interlink::simulation

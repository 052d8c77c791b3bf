// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/reference_watch.hh"

#include "tests/support/fake_guests.hh"

#include <algorithm>
#include <ranges>
#include <string>

namespace interlink::simulation {

namespace {

using support::reference_symbol;

std::string number(std::uint64_t value)
{
  return std::to_string(value);
}

std::string text_of(const function_place& function)
{
  return "function " + number(function.second) + " of module " + number(function.first.value);
}

/// What a planned import is bound to, as far as it is a function: directly, through a thunk's slot, or as an address.
std::optional<function_place> planned_function(const module_plan& plan, std::size_t ordinal, const slot_map& slots,
                                               const topology& state, const load_in_flight& load)
{
  const import_binding& bound = plan.imports[ordinal];
  std::uint32_t slot = 0;
  if (const auto* direct = std::get_if<binding::direct>(&bound)) {
    const loaded_module* published = state.current->find(direct->provider);
    const auto own = std::ranges::find(load.plan->modules, direct->provider, &module_plan::id);
    const module_info& info = published != nullptr ? *published->plan().info : *own->info;
    return function_place{direct->provider, info.exports[direct->export_ordinal].index};
  }
  if (const auto* thunk = std::get_if<binding::thunk>(&bound)) {
    slot = plan.thunks[thunk->number].slot.value;
  } else if (const auto* address = std::get_if<binding::constant>(&bound)) {
    slot = static_cast<std::uint32_t>(address->value);
  }
  const auto filled = slots.find(slot);
  return filled == slots.end() ? std::nullopt : std::optional(filled->second);
}

} // namespace

reference_watch::reference_watch(const process_core& process)
    : state_(process.coordination().state()),
      linker_(*process.environment.registry->catalog()),
      current_(state_.current)
{
}

complaints reference_watch::check_turn()
{
  complaints found;
  begin_loads(found);
  end_loads();
  reopen(found);
  close(found);
  bind_late(found);
  check_scope(found);
  open_count_ = counts();
  current_ = state_.current;
  return found;
}

complaints reference_watch::check_count()
{
  complaints found;
  for (const auto& [root, count] : counts()) {
    std::uint64_t& known = open_count_[root];
    if (count == known) {
      continue;
    }
    const loaded_module& library = *state_.current->find(root);
    if (count == known + 1) {
      load_request request;
      request.modules.push_back({library.identity, {}, nullptr, nullptr, {}, {}});
      const auto opened = linker_.prepare(request, no_module);
      const auto is_done = [&](module_id id) {
        return !state_.constructed_by.contains(id);
      };
      if (!opened || *opened != root || known == 0 || !std::ranges::all_of(library.closure, is_done)) {
        found.push_back("reference: module " + number(root.value) + " is not to be opened again without a turn");
      }
    } else if (const auto closed = linker_.close(library_handle{root.value});
               !closed || !closed->empty() || count == 0) {
      found.push_back("reference: module " + number(root.value) + " is not to be closed without a turn");
    }
    known = count;
  }
  return found;
}

std::map<module_id, std::uint64_t> reference_watch::counts() const
{
  std::map<module_id, std::uint64_t> counted;
  for (const loaded_module_ptr& module : *state_.current->modules) {
    counted.emplace(module->plan().id, module->opens->handles());
  }
  return counted;
}

void reference_watch::begin_loads(complaints& found)
{
  for (const auto& [id, load] : state_.loads) {
    if (loads_.contains(id)) {
      continue;
    }
    const module_id root = load.modules.front()->scope.front();
    const auto first = std::ranges::min(load.plan->modules, {}, &module_plan::id).id;
    const auto prepared = linker_.prepare(load.request, first);
    if (!prepared || *prepared != root) {
      found.push_back("reference: load " + number(id.value) +
                      (prepared ? " has another root" : " is an error: " + prepared.error().message()));
    }
    if (prepared) {
      loads_.emplace(id, *prepared);
      check_bindings(load, found);
    }
  }
}

void reference_watch::check_bindings(const load_in_flight& load, complaints& found)
{
  slot_map slots = slots_of(*state_.current);
  for (std::size_t i = 0; i < load.plan->modules.size(); ++i) {
    const module_plan& plan = load.plan->modules[i];
    const auto given = std::ranges::find(load.given_slots, plan.id, [](const auto& each) { return each.first; });
    add_slots(slots, plan, *given->second, nullptr);
  }
  for (const module_plan& plan : load.plan->modules) {
    const std::vector<reference_symbol> expected = linker_.bindings_of(plan.id);
    for (std::size_t ordinal = 0; ordinal < expected.size(); ++ordinal) {
      const reference_symbol& symbol = expected[ordinal];
      const bool is_of_function = symbol.what == reference_symbol::kind::function ||
                                  symbol.what == reference_symbol::kind::unbound ||
                                  symbol.what == reference_symbol::kind::nobody;
      if (!is_of_function) {
        continue;
      }
      std::optional<function_place> right;
      if (symbol.what == reference_symbol::kind::function) {
        const loaded_module* published = state_.current->find(symbol.module);
        const auto own = std::ranges::find(load.plan->modules, symbol.module, &module_plan::id);
        const module_info& info = published != nullptr ? *published->plan().info : *own->info;
        right = function_place{symbol.module, info.exports[symbol.export_ordinal].index};
      }
      const auto planned = planned_function(plan, ordinal, slots, state_, load);
      if (planned != right) {
        found.push_back("reference: import " + plan.info->imports[ordinal].name + " of module " +
                        number(plan.id.value) + " is bound to " + (planned ? text_of(*planned) : "nothing") + ", not " +
                        (right ? text_of(*right) : "nothing"));
      }
    }
  }
}

void reference_watch::end_loads()
{
  for (auto load = loads_.begin(); load != loads_.end();) {
    if (state_.loads.contains(load->first)) {
      ++load;
      continue;
    }
    const module_id root = load->second;
    if (const loaded_module* published = state_.current->find(root)) {
      linker_.commit(root);
      open_count_[root] += published->plan().id == main_module ? 0 : 1;
    } else {
      linker_.abandon(root);
    }
    load = loads_.erase(load);
  }
}

void reference_watch::reopen(complaints& found)
{
  for (const auto& [root, count] : counts()) {
    if (count <= open_count_[root]) {
      continue;
    }
    load_request request;
    request.modules.push_back({state_.current->find(root)->identity, {}, nullptr, nullptr, {}, {}});
    request.is_final = state_.final_modules.contains(root);
    request.is_global = state_.current->global_scope != current_->global_scope;
    if (const auto known = linker_.prepare(request, no_module); !known || *known != root) {
      found.push_back("reference: module " + number(root.value) + " is not to be opened again");
    }
    ++open_count_[root];
  }
}

void reference_watch::close(complaints& found)
{
  std::vector<module_id> closing;
  std::vector<module_id> gone;
  for (const auto& [id, close] : state_.closing) {
    if (closing_.insert(id).second) {
      closing.push_back(id);
    }
  }
  for (const module_id id : closing_) {
    if (!state_.closing.contains(id)) {
      gone.push_back(id);
    }
  }
  std::set<module_id> held;
  for (const auto& [id, load] : state_.constructed_by) {
    held.insert(id);
  }
  for (const auto& [group, pinned] : state_.pins) {
    held.insert(std::views::keys(pinned).begin(), std::views::keys(pinned).end());
  }
  std::ranges::reverse(closing);
  const auto now = counts();
  for (const auto& [root, count] : open_count_) {
    const auto left = now.find(root);
    if ((left == now.end() ? 0 : left->second) >= count) {
      continue;
    }
    const auto expected = linker_.close(library_handle{root.value}, held);
    if (!expected || *expected != closing) {
      found.push_back("reference: the close of module " + number(root.value) + " takes " + number(closing.size()) +
                      " modules, not " + (expected ? number(expected->size()) : expected.error().message()));
    }
    closing.clear();
  }
  linker_.unload(gone);
  std::ranges::for_each(gone, [&](module_id id) { closing_.erase(id); });
}

void reference_watch::bind_late(complaints& found)
{
  std::optional<slot_map> slots;
  for (std::size_t place = 0; place < state_.current->modules->size(); ++place) {
    const module_plan& plan = (*state_.current->modules)[place]->plan();
    const auto before = current_->place_of(plan.id);
    if (!before || current_->slots[*before] == state_.current->slots[place]) {
      continue;
    }
    state_.current->slots[place]->of_thunk.for_each([&](std::size_t thunk, table_index slot) {
      if (thunk_slot_of(*current_, plan.id, static_cast<std::uint32_t>(thunk)) != null_slot) {
        return;
      }
      if (!slots) {
        slots = slots_of(*state_.current);
      }
      const auto bound = linker_.call(plan.id, plan.thunks[thunk].import_ordinal);
      const auto filled = slots->find(slot.value);
      const bool is_right = bound && filled != slots->end() && filled->second.first == bound->module &&
                            filled->second.second ==
                                state_.current->find(bound->module)->plan().info->exports[bound->export_ordinal].index;
      if (!is_right) {
        found.push_back("reference: thunk " + number(thunk) + " of module " + number(plan.id.value) +
                        " is bound to another function than it should be");
      }
    });
  }
}

void reference_watch::check_scope(complaints& found) const
{
  if (*state_.current->global_scope != linker_.global_scope()) {
    found.push_back("reference: the global scope differs");
  }
  std::vector<module_id> published;
  for (const loaded_module_ptr& module : *state_.current->modules) {
    published.push_back(module->plan().id);
  }
  if (published != linker_.modules()) {
    found.push_back("reference: other modules are published");
  }
}

std::optional<std::uint32_t> reference_watch::value_of(const reference_symbol& symbol) const
{
  if (symbol.what != reference_symbol::kind::function) {
    return std::nullopt;
  }
  // `fN_K`, `tlsN`, `shared_K` and `maybe_K` of library N.
  const module_plan& plan = state_.current->find(symbol.module)->plan();
  const std::string& name = plan.info->exports[symbol.export_ordinal].name;
  if (name.starts_with("tls")) {
    return support::tls_word_of(library_number(plan));
  }
  const auto last = static_cast<std::uint32_t>(std::stoul(name.substr(name.rfind('_') + 1)));
  const std::uint32_t library = library_number(plan);
  return name.starts_with("shared_")  ? support::shared_value_of(library, last)
         : name.starts_with("maybe_") ? support::maybe_value_of(library, last)
                                      : library * 1000 + last;
}

reference_symbol reference_watch::symbol_of_import(module_id importer, std::string_view import_module,
                                                   std::string_view name) const
{
  const module_info& info = *state_.current->find(importer)->plan().info;
  const auto import = std::ranges::find_if(
      info.imports, [&](const import_info& each) { return each.module_name == import_module && each.name == name; });
  return linker_.bindings_of(importer)[static_cast<std::size_t>(import - info.imports.begin())];
}

std::optional<std::uint32_t> reference_watch::value_of_import(module_id importer, std::string_view name) const
{
  const module_info& info = *state_.current->find(importer)->plan().info;
  const auto import = std::ranges::find(info.imports, name, &import_info::name);
  const auto ordinal = static_cast<std::uint32_t>(import - info.imports.begin());
  reference_symbol bound = linker_.bindings_of(importer)[ordinal];
  if (bound.what == reference_symbol::kind::unbound) {
    support::reference_linker trial = linker_;
    bound = trial.call(importer, ordinal).value_or(reference_symbol{});
  }
  return value_of(bound);
}

} // namespace interlink::simulation

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `judge` of linking_history.hh.
#include "linker/module_checks.hh"
#include "linker/plan_printer.hh"
#include "linker/topology.hh"
#include "tests/support/linking_history.hh"
#include "tests/support/module_info_builder.hh"
#include "tests/support/reference_linker.hh"
#include "tests/support/replayed_group.hh"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <utility>

namespace interlink::support {

namespace {

using kind = reference_symbol::kind;

constexpr std::uint64_t address_space_bytes = std::uint64_t{1} << 32;

/// The same facts with hash tables of other sizes, so that they are walked in another order.
module_info_ptr rehashed(const module_info& info)
{
  auto copy = std::make_shared<module_info>(info);
  copy->export_index.rehash(copy->export_index.bucket_count() * 3 + 1);
  copy->element_of_function.rehash(copy->element_of_function.bucket_count() * 5 + 1);
  return copy;
}

bool same_plan(const load_plan& a, const load_plan& b)
{
  const auto same_module = [](const module_plan& x, const module_plan& y) {
    return x.id == y.id && x.memory_base == y.memory_base && x.table_base == y.table_base &&
           x.memory_size == y.memory_size && x.needs_zeroing == y.needs_zeroing && x.imports == y.imports &&
           x.thunks == y.thunks;
  };
  return std::ranges::equal(a.modules, b.modules, same_module) && a.slots == b.slots && a.table_size == b.table_size &&
         a.memory_pages == b.memory_pages && to_text(a) == to_text(b);
}

bool overlaps(const memory_range& a, const memory_range& b)
{
  return a.size > 0 && b.size > 0 && a.address < b.end() && b.address < a.end();
}

struct owned_range {
  memory_range range;
  std::string owner;
};

class history_judge {
public:
  explicit history_judge(const linking_history& history) : history_(history), reference_(catalog()) {}

  history_report run();

private:
  struct pending_load {
    load_id id;
    module_id root;
    load_plan_ptr plan;
    group_id requester;
    std::uint64_t hash_before{};
    std::size_t prepared_at{}; ///< number of the request
    replayed_group rehearsed;
  };

  struct freed_range {
    memory_range range;
    topology_version at;
  };

  static host_catalog catalog();

  bool start();
  void carry_out(const request_fact& request);
  bool prepare(std::size_t library, std::uint8_t flags, load_kind as);
  void judge_refusal(const error& refused, const load_request& request);
  void judge_plan(const planned_load& planned, const load_request& request, topology before);
  void give_memory(const needs_memory& wanted);
  void commit(std::size_t place);
  void abandon(std::size_t place);
  void drop_loads_of(group_id group);
  void construct(module_id root);
  void find(module_id in, std::uint8_t name);
  void call(module_id importer, std::uint8_t number);
  void begin_close(module_id handle);
  void unload_next();
  void note_freed(std::span<const module_id> gone, group_id leaving);
  void judge_unload(const operation_body& operation, std::span<const module_id> gone);
  void join(std::uint8_t flags);
  void leave(std::uint8_t number);
  void publish(const std::vector<operation_body>& operations);

  void check_all();
  void check_modules();
  void check_bindings();
  void check_import(const module_plan& plan, std::uint32_t ordinal, const reference_symbol& expected);
  void check_address(const reached_function& function, table_index slot, const std::string& where);
  void check_memory();
  void check_slots();
  void check_files();
  void check_tables();
  std::optional<reached_function> expected_function(const reference_symbol& symbol, const import_info* import) const;
  std::optional<std::uint64_t> expected_address(const reference_symbol& symbol) const;
  load_request make_request(std::size_t library, std::uint8_t flags, load_kind as, bool is_rehashed) const;

  const module_plan& plan_of(module_id id) const { return state_.current->find(id)->plan(); }

  /// A published module, by any number.
  module_id pick(std::uint8_t number) const
  {
    return (*state_.current->modules)[number % state_.current->modules->size()]->plan().id;
  }

  group_id pick_group(std::uint8_t number) const
  {
    return std::next(state_.roster.begin(), static_cast<std::ptrdiff_t>(number % state_.roster.size()))->first;
  }

  bool failed() const { return !report_.failure.empty(); }

  void complain(const std::string& what)
  {
    if (!failed()) {
      report_.failure = "request " + std::to_string(request_number_) + ": " + what;
    }
  }

  void expect(bool is_so, const std::string& what)
  {
    if (!is_so) {
      complain(what);
    }
  }

  const linking_history& history_;
  reference_linker reference_;
  topology state_;
  replayed_group group_; ///< has applied all that was published
  std::vector<module_info_ptr> infos_;
  std::vector<pending_load> pending_;

  struct close_under_way {
    group_id closer;
    std::vector<module_id> modules;
  };

  std::deque<close_under_way> closing_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> reserved_slots_;
  std::vector<memory_range> blocks_given_; ///< to the arena, besides its first range
  std::vector<memory_range> used_;         ///< ever, by a published module
  std::vector<freed_range> freed_;         ///< by an unload
  std::set<module_id> constructed_;
  std::map<reached_function, table_index> address_of_;
  std::map<table_index, reached_function> function_at_;
  std::uint64_t heap_{};
  std::size_t request_number_{};
  history_report report_;
};

host_catalog history_judge::catalog()
{
  host_catalog offered;
  offered.offered[{"env", symbol_of(7)}] = test::void_function;
  return offered;
}

bool history_judge::start()
{
  for (std::size_t i = 0; i < history_.libraries.size(); ++i) {
    infos_.push_back(make_info(history_.libraries[i], i == 0, history_.libraries.size()));
  }
  memory_options options;
  options.arena_bytes = std::uint64_t{history_.arena_kibibytes} << 10U;
  const auto layout = plan_main_layout(*infos_.front(), options);
  if (!layout) {
    return false; // an absurd main
  }
  state_ = make_topology(*layout, std::make_shared<const host_catalog>(catalog()), history_.table_maximum);
  heap_ = layout->heap_base.value;
  join(0);
  return prepare(0, 0, load_kind::program);
}

load_request history_judge::make_request(std::size_t library, std::uint8_t flags, load_kind as, bool is_rehashed) const
{
  load_request asked;
  asked.kind = as;
  asked.requester = pick_group(flags >> 4U);
  asked.bind_now = (flags & 1U) != 0;
  asked.is_global = (flags & 2U) != 0;
  asked.is_final = (flags & 12U) == 12;
  std::map<std::string, std::size_t> numbers;
  for (std::size_t i = 0; i < infos_.size(); ++i) {
    numbers[file_of(i)] = i;
  }
  std::vector<std::size_t> order{library};
  for (std::size_t place = 0; place < order.size(); ++place) {
    const module_info_ptr& info = infos_[order[place]];
    const file_identity identity{1, 100 + order[place]};
    const loaded_module* published = state_.current->find_by_identity(identity);
    const bool is_known = published != nullptr && !state_.closing.contains(published->plan().id);
    requested_module module{identity, file_of(order[place]), is_rehashed ? rehashed(*info) : info, nullptr, {}, {}};
    if (is_known) {
      module.info = nullptr;
    }
    for (const std::string& name : info->dylink->needed) {
      const std::size_t number = numbers.at(name);
      const auto seen = std::ranges::find(order, number);
      module.needed.push_back(static_cast<std::size_t>(seen - order.begin()));
      if (seen == order.end()) {
        order.push_back(number);
      }
    }
    asked.modules.push_back(std::move(module));
  }
  return asked;
}

void history_judge::give_memory(const needs_memory& wanted)
{
  const std::uint64_t alignment = std::max<std::uint64_t>(wanted.alignment, 1);
  const std::uint64_t base = (heap_ + alignment - 1) / alignment * alignment;
  if (wanted.size > address_space_bytes || base + wanted.size > address_space_bytes) {
    return;
  }
  blocks_given_.push_back({base, wanted.size});
  add_memory(state_, blocks_given_.back());
  heap_ = base + wanted.size + 16; // never a neighbour: what is given stays apart
}

bool history_judge::prepare(std::size_t library, std::uint8_t flags, load_kind as)
{
  const load_request request = make_request(library, flags, as, false);
  for (int attempt = 0; attempt < 2; ++attempt) {
    topology before = state_;
    const std::uint64_t hash = hash_of(state_);
    const std::uint64_t published_hash = hash_of(*state_.current);
    const prepare_outcome outcome = prepare_load(state_, request);
    if (const auto* planned = std::get_if<planned_load>(&outcome)) {
      pending_.push_back({planned->id, planned->root, planned->plan, request.requester, hash, request_number_, {}});
      judge_plan(*planned, request, std::move(before));
      return !failed();
    }
    if (const auto* known = std::get_if<already_loaded>(&outcome)) {
      publish(known->operations);
      const auto root = reference_.prepare(request, module_id{before.next_module});
      expect(root && *root == known->root, "another module is opened again than the reference linker says");
      return false;
    }
    expect(hash == hash_of(state_) && published_hash == hash_of(*state_.current),
           "a load that was not planned has changed something");
    if (const auto* refused = std::get_if<error>(&outcome)) {
      judge_refusal(*refused, request);
      return false;
    }
    const auto* wanted = std::get_if<needs_memory>(&outcome);
    if (wanted == nullptr) {
      return false; // waits for another load or close
    }
    expect(attempt == 0 || heap_ + wanted->size > address_space_bytes, "a block of the size asked for does not serve");
    give_memory(*wanted);
  }
  return false;
}

void history_judge::judge_refusal(const error& refused, const load_request& request)
{
  expect(!refused.message().empty(), "an error without a text");
  const bool is_of_symbols = refused.code() == errc::symbol_not_found || refused.code() == errc::symbol_type_mismatch;
  if (!is_of_symbols) {
    return; // sizes and shapes are not the reference linker's matter
  }
  ++report_.refused;
  reference_linker copy = reference_;
  const auto expected = copy.prepare(request, module_id{state_.next_module});
  if (expected || expected.error().code() != refused.code()) {
    complain("refused, which the reference linker does not: " + refused.message());
    return;
  }
  const auto names = [](const error& failure) {
    std::multiset<std::string> missing;
    for (const missing_symbol& symbol : failure.detail().missing) {
      missing.insert(symbol.import_module + "." + symbol.symbol_name);
    }
    return missing;
  };
  expect(names(refused) == names(expected.error()), "other symbols are missing than the reference linker says");
}

void history_judge::judge_plan(const planned_load& planned, const load_request& request, topology before)
{
  const auto root = reference_.prepare(request, module_id{before.next_module});
  if (!root || *root != planned.root) {
    complain(root ? "another root than the reference linker's" : "planned, which the reference linker refuses");
    return;
  }
  load_request again = request;
  for (requested_module& module : again.modules) {
    module.info = module.info ? rehashed(*module.info) : nullptr;
  }
  const prepare_outcome repeated = prepare_load(before, again);
  const auto* other = std::get_if<planned_load>(&repeated);
  expect(other != nullptr && same_plan(*planned.plan, *other->plan), "planned again, the plan is another");
  publish(planned.operations);
  pending_.back().rehearsed = group_;
  pending_.back().rehearsed.rehearse(planned.plan);
  for (const std::string& complaint : pending_.back().rehearsed.complaints()) {
    complain("rehearsal: " + complaint);
  }
  const std::string text = to_text(*planned.plan);
  const load_in_flight& taken = state_.loads.at(planned.id);
  for (const module_plan& module : planned.plan->modules) {
    expect(text.contains(module.name), "the plan's text does not name " + module.name);
    const memory_range range{module.memory_base.value, module.memory_base.value == 0 ? 0 : module.memory_size};
    const bool was_used =
        std::ranges::any_of(used_, [&](const memory_range& other_range) { return overlaps(range, other_range); });
    expect(module.id == main_module || module.needs_zeroing || !was_used,
           module.name + " gets memory that is not zero");
    expect(range.address % (std::uint64_t{1} << module.info->dylink->memory_alignment_log2) == 0,
           module.name + " is not aligned");
  }
  for (const memory_arena::allocation& reserved : taken.reserved_memory) {
    for (const freed_range& freed : freed_) {
      expect(!overlaps(reserved.range, freed.range) || freed.at <= state_.reusable_up_to,
             "memory is reused that a laggard may still write");
    }
  }
}

void history_judge::publish(const std::vector<operation_body>& operations)
{
  for (const operation_body& operation : operations) {
    group_.apply(operation);
  }
}

void history_judge::commit(std::size_t place)
{
  const pending_load load = pending_[place];
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(place));
  const topology_version version = state_.current->version;
  const operation_body operation = commit_load(state_, load.id, {});
  expect(state_.current->version.value == version.value + 1, "a commit is not one version (T1)");
  group_.apply(operation);
  reference_.commit(load.root);
  for (const module_plan& module : load.plan->modules) {
    if (module.id != main_module) {
      used_.push_back({module.memory_base.value, module.memory_size});
    }
  }
  ++report_.loads;
}

void history_judge::abandon(std::size_t place)
{
  const pending_load load = pending_[place];
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(place));
  abandon_load(state_, load.id);
  reference_.abandon(load.root);
  const bool is_at_once = load.prepared_at + 1 == request_number_;
  expect(!is_at_once || hash_of(state_) == load.hash_before, "an abandoned load has left something behind (T5)");
  ++report_.abandoned;
}

void history_judge::drop_loads_of(group_id group)
{
  std::erase_if(pending_, [&](const pending_load& load) {
    if (load.requester != group) {
      return false;
    }
    reference_.abandon(load.root);
    return true;
  });
}

void history_judge::construct(module_id root)
{
  const auto load = state_.constructed_by.find(root);
  const load_id own = load == state_.constructed_by.end() ? no_load : load->second;
  const group_id owner = own == no_load ? no_group : state_.constructions.at(own).owner;
  const group_id group = owner == no_group ? state_.roster.begin()->first : owner;
  for (std::size_t step = 0; step <= 2 * state_.current->modules->size(); ++step) {
    const construct_outcome next = next_constructor(state_, group, own, root);
    if (const auto* run = std::get_if<run_constructor>(&next)) {
      expect(constructed_.insert(run->module).second, "a constructor begins twice (T6)");
      finish_constructor(state_, group, run->module);
      continue;
    }
    end_wait(state_, group);
    return;
  }
  complain("constructors without end");
}

void history_judge::find(module_id in, std::uint8_t name)
{
  const library_handle handle = in == main_module ? main_handle : library_handle{in.value};
  const std::string symbol = symbol_of(name);
  const auto expected = reference_.find(handle, symbol);
  const auto found = find_symbol(*state_.current, handle, symbol);
  if (!expected || !found) {
    const bool is_same = !expected && !found && expected.error().code() == found.error().code();
    expect(is_same || (found && std::holds_alternative<found_data>(*found)), "dlsym of " + symbol + " differs");
    return;
  }
  ++report_.found;
  if (const auto* function = std::get_if<found_function>(&*found)) {
    const auto given = assign_slot(state_, function->provider, function->export_ordinal);
    if (!given) {
      expect(given.error().code() == errc::table_exhausted, "dlsym: " + given.error().message());
      return;
    }
    publish(given->operations);
    const auto wanted = expected_function(*expected, nullptr);
    expect(wanted && group_.reached_by(given->slot) == wanted, "dlsym of " + symbol + " gives another function");
    check_address(wanted.value_or(reached_function{}), given->slot, "dlsym of " + symbol);
  } else if (const auto* data = std::get_if<found_data>(&*found)) {
    expect(expected_address(*expected) == data->address.value, "dlsym of " + symbol + " gives another address");
  } else {
    const auto& tls = std::get<found_tls>(*found);
    expect(expected->what == kind::tls && tls.provider == expected->module &&
               tls.offset == plan_of(tls.provider).info->exports[expected->export_ordinal].value,
           "dlsym of " + symbol + " gives another thread-local variable");
  }
}

void history_judge::call(module_id importer, std::uint8_t number)
{
  const module_plan& plan = plan_of(importer);
  if (plan.thunks.empty()) {
    return;
  }
  const auto thunk = static_cast<std::uint32_t>(number % plan.thunks.size());
  const std::uint32_t ordinal = plan.thunks[thunk].import_ordinal;
  const auto expected = reference_.call(importer, ordinal);
  const auto bound = bind_lazy(state_, importer, thunk);
  if (!expected || !bound) {
    const bool is_same = !expected && !bound && expected.error().code() == bound.error().code();
    expect(is_same || (!bound && bound.error().code() == errc::table_exhausted), "a first call differs");
    if (expected && !bound) {
      complain("not judged further: the table is full"); // unreachable in tests: their tables are large enough
    }
    return;
  }
  ++report_.bound_late;
  publish(bound->operations);
  const auto wanted = expected_function(*expected, &plan.info->imports[ordinal]);
  expect(wanted && group_.reached_by(bound->slot) == wanted, "a first call reaches another function");
}

void history_judge::begin_close(module_id handle)
{
  std::set<module_id> held;
  for (const auto& [id, load] : state_.constructed_by) {
    held.insert(id);
  }
  const auto expected = reference_.close({handle.value}, held);
  const group_id closer = pick_group(static_cast<std::uint8_t>(handle.value));
  const auto gone = close_library(state_, closer, {handle.value});
  if (!gone || !expected) {
    expect(!gone && !expected, "a close is refused by one linker only");
    return;
  }
  expect(*gone == *expected, "a close unloads other modules than the reference linker says");
  if (!gone->empty()) {
    closing_.push_back({closer, *gone});
  }
}

void history_judge::unload_next()
{
  if (closing_.empty()) {
    return;
  }
  const std::vector<module_id> gone = closing_.front().modules;
  closing_.pop_front();
  note_freed(gone, no_group);
  judge_unload(unload(state_, gone), gone);
}

void history_judge::note_freed(std::span<const module_id> gone, group_id leaving)
{
  const topology_version freed_at{state_.current->version.value + 1};
  for (const module_id id : gone) {
    freed_.push_back({{plan_of(id).memory_base.value, plan_of(id).memory_size}, freed_at});
    for (const auto& [group, entry] : state_.roster) {
      if (const auto block = entry.blocks.find(id); block != entry.blocks.end() && group != leaving) {
        freed_.push_back({block->second, freed_at});
      }
    }
  }
}

void history_judge::judge_unload(const operation_body& operation, std::span<const module_id> gone)
{
  for (const table_index slot : std::get<unload_modules>(operation).slots) {
    if (const auto function = function_at_.extract(slot)) {
      address_of_.erase(function.mapped());
    }
  }
  group_.apply(operation);
  reference_.unload(gone);
  report_.unloaded += static_cast<unsigned>(gone.size());
}

void history_judge::join(std::uint8_t flags)
{
  const std::optional<memory_address> main_tls =
      (flags & 1U) != 0 ? std::optional(memory_address{0xfff00000}) : std::nullopt;
  const std::uint64_t stack = (flags & 2U) != 0 ? 4096 : 0;
  const std::uint64_t hash = hash_of(state_);
  auto outcome = join_group(state_, main_tls, stack);
  if (const auto* wanted = std::get_if<needs_memory>(&outcome)) {
    expect(hash == hash_of(state_), "a group that was not made has changed something");
    give_memory(*wanted);
    outcome = join_group(state_, main_tls, stack);
    expect(!std::holds_alternative<needs_memory>(outcome) || heap_ + wanted->size > address_space_bytes,
           "a block of the size asked for does not serve a new group");
  }
}

void history_judge::leave(std::uint8_t number)
{
  if (state_.roster.size() < 2) {
    return; // the last one is who asks for everything here
  }
  const group_id group = pick_group(number);
  drop_loads_of(group);
  std::vector<module_id> gone; // what it was closing goes with it
  for (const close_under_way& close : closing_) {
    if (close.closer == group) {
      gone.insert(gone.end(), close.modules.begin(), close.modules.end());
    }
  }
  std::erase_if(closing_, [&](const close_under_way& close) { return close.closer == group; });
  note_freed(gone, group);
  const auto operations = leave_group(state_, group);
  expect(operations.size() == (gone.empty() ? 0U : 1U), "a group leaves, and its closes are not over");
  for (const operation_body& operation : operations) {
    judge_unload(operation, gone);
  }
}

void history_judge::carry_out(const request_fact& request)
{
  using form = request_fact::form;
  const std::size_t library = infos_.size() < 2 ? 0 : 1 + request.first % (infos_.size() - 1);
  const std::size_t load = pending_.empty() ? 0 : request.first % pending_.size();
  switch (request.what) {
  case form::open:
    if (library != 0 && prepare(library, request.second, load_kind::library)) {
      const module_id root = pending_.back().root;
      commit(pending_.size() - 1);
      construct(root);
    }
    break;
  case form::prepare:
    if (library != 0) {
      prepare(library, request.second, load_kind::library);
    }
    break;
  case form::commit:
    if (!pending_.empty()) {
      commit(load);
    }
    break;
  case form::abandon:
    if (!pending_.empty()) {
      abandon(load);
    }
    break;
  case form::construct:
    construct(pick(request.first));
    break;
  case form::find:
    find(pick(request.first), request.second);
    break;
  case form::call:
    call(pick(request.first), request.second);
    break;
  case form::close:
  case form::begin_close:
    begin_close(pick(request.first));
    if (request.what == form::close) {
      unload_next();
    }
    break;
  case form::unload:
    unload_next();
    break;
  case form::join:
    if (state_.roster.size() < 8) {
      join(request.second);
    }
    break;
  case form::leave:
    leave(request.first);
    break;
  case form::reserve:
    if (const auto given = allocate_slots(state_, request.second)) {
      publish(given->operations);
      reserved_slots_.emplace_back(given->slot.value, request.second);
    }
    break;
  default:
    state_.reusable_up_to = state_.current->version;
    break;
  }
}

// ---- What holds after each request ----

std::optional<reached_function> history_judge::expected_function(const reference_symbol& symbol,
                                                                 const import_info* import) const
{
  if (symbol.what == kind::host) {
    return reached_function{no_module, 0, import->name};
  }
  if (symbol.what != kind::function) {
    return std::nullopt;
  }
  const module_info& info = *plan_of(symbol.module).info;
  const std::uint32_t index = info.exports[symbol.export_ordinal].index;
  if (index >= info.imported_function_count) {
    return reached_function{symbol.module, index, {}};
  }
  std::uint32_t left = index;
  for (const import_info& imported : info.imports) { // a host function that is passed on
    if (kind_of(imported.type) == extern_kind::function && left-- == 0) {
      return reached_function{no_module, 0, imported.name};
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> history_judge::expected_address(const reference_symbol& symbol) const
{
  if (symbol.what != kind::data) {
    return std::nullopt;
  }
  const export_info& exported = plan_of(symbol.module).info->exports[symbol.export_ordinal];
  const bool is_absolute = (exported.flags & symbol_flag::absolute) != 0;
  return *exported.value + (is_absolute ? 0 : plan_of(symbol.module).memory_base.value);
}

void history_judge::check_address(const reached_function& function, table_index slot, const std::string& where)
{
  const auto [address, is_new_function] = address_of_.try_emplace(function, slot);
  const auto [there, is_new_slot] = function_at_.try_emplace(slot, function);
  expect(address->second == slot, where + ": one function has two addresses");
  expect(there->second == function, where + ": two functions have one address");
}

void history_judge::check_import(const module_plan& plan, std::uint32_t ordinal, const reference_symbol& expected)
{
  const import_info& import = plan.info->imports[ordinal];
  const import_binding& bound = plan.imports[ordinal];
  const std::string where = plan.name + ", " + import.module_name + "." + import.name;
  const bool is_call = import.module_name == "env" && kind_of(import.type) == extern_kind::function;
  const auto* constant = std::get_if<binding::constant>(&bound);
  if (is_call) {
    const auto reached = group_.reached_by(*state_.current, plan.id, ordinal);
    expect(reached == expected_function(expected, &import), where + " reaches another function");
    const auto* thunk = std::get_if<binding::thunk>(&bound);
    const table_index slot = thunk == nullptr ? null_slot : thunk_slot_of(*state_.current, plan.id, thunk->number);
    if (reached && slot != null_slot) {
      check_address(*reached, slot, where);
    }
  } else if (import.module_name == "GOT.func") {
    const table_index slot{constant == nullptr ? 0 : static_cast<std::uint32_t>(constant->value)};
    const auto wanted = expected_function(expected, &import);
    expect(constant != nullptr && (slot == null_slot ? std::nullopt : group_.reached_by(slot)) == wanted,
           where + " is the address of another function");
    if (wanted && slot != null_slot) {
      check_address(*wanted, slot, where);
    }
  } else if (expected.what == kind::data) {
    expect(constant != nullptr && constant->value == expected_address(expected), where + " is another address");
  } else if (expected.what == kind::tls) {
    const auto* tls = std::get_if<binding::tls_address>(&bound);
    expect(tls != nullptr && tls->provider == expected.module &&
               tls->offset == plan_of(expected.module).info->exports[expected.export_ordinal].value,
           where + " is another thread-local variable");
  } else if (expected.what == kind::nobody) {
    expect(constant != nullptr && constant->value == 0, where + " is weak, undefined and not 0");
  }
}

void history_judge::check_bindings()
{
  for (const loaded_module_ptr& module : *state_.current->modules) {
    const module_plan& plan = module->plan();
    const std::vector<reference_symbol> expected = reference_.bindings_of(plan.id);
    for (std::uint32_t ordinal = 0; ordinal < expected.size(); ++ordinal) {
      check_import(plan, ordinal, expected[ordinal]);
    }
  }
}

void history_judge::check_modules()
{
  std::vector<module_id> published;
  for (const loaded_module_ptr& module : *state_.current->modules) {
    published.push_back(module->plan().id);
  }
  expect(published == reference_.modules(), "other modules are loaded than the reference linker says");
  expect(*state_.current->global_scope == reference_.global_scope(), "the global scope is another");
}

/// T2, and one incarnation of a file at a time besides closing ones.
void history_judge::check_files()
{
  std::multiset<file_identity> files;
  for (const auto& [id, load] : state_.loads) {
    for (const loaded_module_ptr& module : load.modules) {
      files.insert(module->identity);
    }
  }
  for (const loaded_module_ptr& module : *state_.current->modules) {
    if (!state_.closing.contains(module->plan().id)) {
      files.insert(module->identity);
    }
  }
  for (const file_identity& file : files) {
    expect(files.count(file) == 1, "a file is loaded twice (T2)");
  }
}

/// T4, and that nothing is lost: the arena is what is free and what is taken, without holes.
void history_judge::check_memory()
{
  std::vector<owned_range> ranges;
  for (const memory_arena::free_range& free : state_.arena.free_ranges()) {
    ranges.push_back({free.range, "free"});
  }
  for (const loaded_module_ptr& module : *state_.current->modules) {
    const module_plan& plan = module->plan();
    if (plan.id != main_module && plan.memory_base.value != 0) {
      ranges.push_back({{plan.memory_base.value, plan.memory_size}, plan.name});
    }
  }
  for (const auto& [group, entry] : state_.roster) {
    for (const auto& [module, range] : entry.blocks) {
      if (module != main_module || entry.owns_main_tls) {
        ranges.push_back({range, "a group's block"});
      }
    }
  }
  for (const auto& [id, load] : state_.loads) {
    for (const memory_arena::allocation& reserved : load.reserved_memory) {
      ranges.push_back({reserved.range, "a load in flight"});
    }
  }
  std::erase_if(ranges, [](const owned_range& each) { return each.range.size == 0; });
  std::ranges::sort(ranges, {}, [](const owned_range& each) { return each.range; });
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    total += ranges[i].range.size;
    expect(i == 0 || ranges[i - 1].range.end() <= ranges[i].range.address,
           "memory of two owners overlaps (T4): " + ranges[i].owner + ", " + ranges[i == 0 ? 0 : i - 1].owner);
  }
  std::uint64_t given = state_.layout.arena.size;
  for (const memory_range& block : blocks_given_) {
    given += block.size;
  }
  expect(total == given, "memory is lost, or made");
}

/// T3 for ranges: each slot below the mark has one owner or is free.
void history_judge::check_slots()
{
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges; // first slot, count
  for (const table_layout::slot_range& free : state_.table.free_ranges()) {
    ranges.emplace_back(free.base, free.count);
  }
  for (std::size_t place = 0; place < state_.current->modules->size(); ++place) {
    const module_plan& plan = (*state_.current->modules)[place]->plan();
    ranges.emplace_back(plan.table_base.value, table_slots_of(*plan.info));
    const auto add = [&](std::size_t, table_index slot) {
      ranges.emplace_back(slot.value, 1);
    };
    state_.current->slots[place]->of_export.for_each(add);
  }
  for (const slot_fill& given : *state_.current->host_slots) {
    ranges.emplace_back(given.slot.value, 1);
  }
  for (const auto& [id, load] : state_.loads) {
    for (const table_layout::slot_range& reserved : load.reserved_slots) {
      ranges.emplace_back(reserved.base, reserved.count);
    }
  }
  ranges.insert(ranges.end(), reserved_slots_.begin(), reserved_slots_.end());
  std::erase_if(ranges, [](const auto& range) { return range.second == 0; });
  std::ranges::sort(ranges);
  std::uint64_t next = 1;
  for (const auto& [base, count] : ranges) {
    expect(base == next,
           "slot " + std::to_string(std::min(base, next)) + (base < next ? " has two owners (T3)" : " is lost"));
    next = base + count;
  }
  expect(next == state_.table.size(), "slots are lost at the end of the table");
}

void history_judge::check_tables()
{
  for (const std::string& complaint : group_.complaints()) {
    complain(complaint);
  }
  const replayed_group newcomer = replayed_group::built_from(*state_.current);
  for (const std::string& complaint : newcomer.complaints()) {
    complain("a new group: " + complaint);
  }
  expect(newcomer.table() == group_.table(), "a new group's table is not that of an old one");
}

void history_judge::check_all()
{
  check_modules();
  if (!failed()) {
    check_tables();
    check_bindings();
    check_files();
    check_memory();
    check_slots();
  }
}

history_report history_judge::run()
{
  if (history_.libraries.empty() || !start()) {
    return report_;
  }
  commit(0);
  check_all();
  for (const request_fact& request : history_.requests) {
    if (failed()) {
      break;
    }
    ++request_number_;
    carry_out(request);
    check_all();
  }
  return report_;
}

} // namespace

history_report judge(const linking_history& history)
{
  return history_judge(history).run();
}

} // namespace interlink::support

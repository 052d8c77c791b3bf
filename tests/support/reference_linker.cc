// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/reference_linker.hh"

#include "messages/assert.hh"
#include "tests/support/import_ordinal.hh"

#include <algorithm>
#include <functional>

namespace interlink::support {

namespace {

using kind = reference_symbol::kind;

/// R3.
std::uint32_t first_export_of(const module_info& info, std::uint32_t ordinal)
{
  const export_info& wanted = info.exports[ordinal];
  return static_cast<std::uint32_t>(std::ranges::find_if(info.exports,
                                                         [&](const export_info& exported) {
                                                           return kind_of(exported.type) == kind_of(wanted.type) &&
                                                                  exported.index == wanted.index;
                                                         }) -
                                    info.exports.begin());
}

std::optional<std::uint32_t> find_export(const module_info& info, std::string_view name)
{
  const auto found = std::ranges::find(info.exports, name, &export_info::name);
  return found == info.exports.end() ? std::nullopt
                                     : std::optional(static_cast<std::uint32_t>(found - info.exports.begin()));
}

/// Names that the linker itself answers when it is asked for an address.
bool is_well_known(std::string_view name, bool even_if_defined)
{
  const bool is_own = name == "__dso_handle" || name == "__memory_base" || name == "__table_base";
  return is_own || (!even_if_defined &&
                    (name == "__heap_base" || name == "__heap_end" || name == "__stack_low" || name == "__stack_high"));
}

kind kind_of_export(const export_info& exported)
{
  if (kind_of(exported.type) == extern_kind::function) {
    return kind::function;
  }
  if (kind_of(exported.type) != extern_kind::global || !exported.value) {
    return kind::own;
  }
  return exported.is_tls() ? kind::tls : kind::data;
}

} // namespace

struct reference_linker::problems {
  std::vector<missing_symbol> missing;
  bool has_mismatch = false;
};

std::optional<module_id> reference_linker::find_file(const file_identity& identity) const
{
  for (const auto& [id, module] : modules_) {
    if (module.is_published && module.identity == identity && !closing_.contains(id)) {
      return id;
    }
  }
  return std::nullopt;
}

std::vector<module_id> reference_linker::closure_of(module_id root) const
{
  std::vector<module_id> closure{root};
  for (std::size_t i = 0; i < closure.size(); ++i) {
    const auto found = modules_.find(closure[i]);
    for (const module_id next : found == modules_.end() ? std::vector<module_id>{} : found->second.needed) {
      if (std::ranges::find(closure, next) == closure.end()) {
        closure.push_back(next);
      }
    }
  }
  return closure;
}

std::vector<module_id> reference_linker::search_order(const std::vector<module_id>& closure) const
{
  std::vector<module_id> order;
  for (const std::vector<module_id>* part : {&global_scope_, &closure}) {
    for (const module_id id : *part) {
      if (!closing_.contains(id) && modules_.contains(id) && std::ranges::find(order, id) == order.end()) {
        order.push_back(id);
      }
    }
  }
  return order;
}

std::optional<reference_linker::definition>
reference_linker::search(const std::vector<module_id>& order, std::string_view name, std::set<module_id>& on_path) const
{
  for (const module_id id : order) {
    if (const auto ordinal = find_export(*modules_.at(id).info, name)) {
      if (const auto found = define(order, id, *ordinal, on_path)) {
        return found;
      }
    }
  }
  return std::nullopt;
}

std::optional<reference_linker::definition> reference_linker::search(const std::vector<module_id>& order,
                                                                     std::string_view name) const
{
  std::set<module_id> on_path;
  return search(order, name, on_path);
}

std::optional<reference_linker::definition> reference_linker::define(const std::vector<module_id>& order, module_id id,
                                                                     std::uint32_t ordinal,
                                                                     std::set<module_id>& on_path) const
{
  const known_module& of = modules_.at(id);
  const export_info& exported = of.info->exports[ordinal];
  if (kind_of(exported.type) != extern_kind::function) {
    return definition{{kind_of_export(exported), id, ordinal}, id};
  }
  const definition itself{{kind::function, id, first_export_of(*of.info, ordinal)}, id};
  if (exported.index >= of.info->imported_function_count) {
    return itself;
  }
  const std::uint32_t import_ordinal = import_of(*of.info, exported.index);
  const import_info& import = of.info->imports[import_ordinal];
  if (import.module_name != "env") {
    return itself;
  }
  if (of.is_published) {
    const binding& bound = of.imports[import_ordinal];
    switch (bound.to.symbol.what) {
    case kind::host:
      return itself;
    case kind::function:
      return bound.is_late ? definition{bound.to.symbol, id} : bound.to;
    default:
      return std::nullopt; // R2
    }
  }
  // A module of this load: its import will be bound by this very search.
  if (!on_path.insert(id).second) {
    return std::nullopt;
  }
  const auto found = search(order, import.name, on_path);
  on_path.erase(id);
  const extern_type* offered = catalog_.find("env", import.name);
  const bool is_hosts = !found && offered != nullptr && *offered == import.type;
  return is_hosts ? std::optional(itself) : found;
}

const export_info& reference_linker::exported(const reference_symbol& symbol) const
{
  return modules_.at(symbol.module).info->exports[symbol.export_ordinal];
}

reference_linker::binding reference_linker::bind(module_id importer, const import_info& import,
                                                 const std::vector<module_id>& order, bool bind_now, problems& found)
{
  const bool is_call = import.module_name == "env" && kind_of(import.type) == extern_kind::function;
  const bool is_address = import.module_name == "GOT.func";
  const bool is_data = import.module_name == "GOT.mem";
  if (!is_call && !is_address && !is_data) {
    return {};
  }
  const auto defined = is_data && is_well_known(import.name, true) ? std::nullopt : search(order, import.name);
  if (defined) {
    const kind what = defined->symbol.what;
    const bool fits = is_call      ? exported(defined->symbol).type == import.type
                      : is_address ? what == kind::function
                                   : what == kind::data || what == kind::tls;
    found.has_mismatch |= !fits;
    const bool is_new = !modules_.at(defined->holder).is_published;
    return {*defined, is_call && is_new && defined->holder >= importer};
  }
  const extern_type* offered = catalog_.find("env", import.name);
  if (!is_data && offered != nullptr) {
    found.has_mismatch |= is_call ? *offered != import.type : kind_of(*offered) != extern_kind::function;
    return {{{kind::host, no_module, 0}, no_module}};
  }
  if (is_data && is_well_known(import.name, false)) {
    return {};
  }
  if (import.is_weak()) {
    return {{{kind::nobody, no_module, 0}, no_module}};
  }
  if (!is_call || bind_now) {
    found.missing.push_back({{}, import.module_name, import.name, {}});
  }
  return {{{kind::unbound, no_module, 0}, no_module}};
}

void reference_linker::promote(const std::vector<module_id>& closure)
{
  for (const module_id id : closure) {
    if (std::ranges::find(global_scope_, id) == global_scope_.end()) {
      global_scope_.push_back(id);
    }
  }
}

result<module_id> reference_linker::prepare(const load_request& request, module_id first)
{
  if (const auto known = find_file(request.modules.front().identity)) {
    ++handles_[*known];
    if (request.is_final) {
      final_.insert(*known);
    }
    if (request.is_global) {
      promote(closure_of(*known));
    }
    open(*known);
    return *known;
  }
  // Instantiation order: dependencies first, depth first; of those that need each other the one reached second, and
  // none before all that any of them needs; main before all.
  const bool is_program = request.kind == load_kind::program;
  std::map<std::size_t, module_id> ids;
  std::vector<std::size_t> order;
  std::set<std::size_t> reached;
  const std::function<void(std::size_t)> visit = [&](std::size_t place) {
    if (!reached.insert(place).second) {
      return;
    }
    if (const auto known = find_file(request.modules[place].identity)) {
      ids[place] = *known;
      return;
    }
    std::ranges::for_each(request.modules[place].needed, visit);
    order.push_back(place);
  };
  visit(0);
  const auto needs = [&](std::size_t place) {
    std::set<std::size_t> found;
    const std::function<void(std::size_t)> add = [&](std::size_t each) {
      for (const std::size_t needed : request.modules[each].needed) {
        if (std::ranges::find(order, needed) != order.end() && found.insert(needed).second) {
          add(needed);
        }
      }
    };
    add(place);
    return found;
  };
  std::map<std::size_t, std::set<std::size_t>> all_needed;
  std::ranges::for_each(order, [&](std::size_t place) { all_needed[place] = needs(place); });
  for (auto next = order.begin(); next != order.end(); ++next) {
    const auto is_ready = [&](std::size_t place) {
      return std::ranges::all_of(all_needed[place], [&](std::size_t needed) {
        return all_needed[needed].contains(place) || std::find(order.begin(), next, needed) != next;
      });
    };
    const auto chosen = std::find_if(next, order.end(), is_ready);
    std::rotate(next, chosen, std::next(chosen));
  }
  if (is_program) {
    order.pop_back();
    order.insert(order.begin(), 0);
  }
  pending_load taken{{}, is_program, request.is_global, request.is_final};
  for (const std::size_t place : order) {
    ids[place] = first;
    taken.modules.push_back(first);
    ++first.value;
  }
  for (const std::size_t place : order) {
    const requested_module& asked = request.modules[place];
    known_module& made = modules_[ids.at(place)];
    made.identity = asked.identity;
    made.info = asked.info;
    std::ranges::transform(asked.needed, std::back_inserter(made.needed),
                           [&](std::size_t needed) { return ids.at(needed); });
  }
  const module_id root = ids.at(0);
  const std::vector<module_id> closure = closure_of(root);
  const std::vector<module_id> scope = search_order(closure);
  problems found;
  for (const module_id id : taken.modules) {
    known_module& made = modules_.at(id);
    made.scope = closure;
    for (const import_info& import : made.info->imports) {
      made.imports.push_back(bind(id, import, scope, request.bind_now, found));
    }
  }
  if (!found.missing.empty() || found.has_mismatch) {
    std::ranges::for_each(taken.modules, [&](module_id id) { modules_.erase(id); });
    error_detail detail;
    detail.missing = found.missing;
    return fail(error(found.missing.empty() ? errc::symbol_type_mismatch : errc::symbol_not_found, std::move(detail)));
  }
  loads_.emplace(root, std::move(taken));
  return root;
}

void reference_linker::commit(module_id root)
{
  const auto node = loads_.extract(root);
  INTERLINK_ASSERT(!node.empty());
  const pending_load& taken = node.mapped();
  for (const module_id id : taken.modules) {
    modules_.at(id).is_published = true;
  }
  if (!taken.is_program) {
    ++handles_[root];
  }
  if (taken.is_final) {
    final_.insert(root);
  }
  if (taken.is_program || taken.is_global) {
    promote(modules_.at(root).scope);
  }
  open(root);
}

void reference_linker::open(module_id root)
{
  for (const module_id id : closure_of(root)) {
    known_module& member = modules_.at(id);
    if (std::ranges::find(member.scope, root) == member.scope.end() &&
        std::ranges::find(member.later, root) == member.later.end()) {
      member.later.push_back(root);
    }
  }
}

void reference_linker::abandon(module_id root)
{
  const auto node = loads_.extract(root);
  INTERLINK_ASSERT(!node.empty());
  std::ranges::for_each(node.mapped().modules, [&](module_id id) { modules_.erase(id); });
}

result<reference_symbol> reference_linker::find(library_handle handle, std::string_view name) const
{
  const bool is_global = handle == default_scope_handle || handle == main_handle;
  const auto library = modules_.find(module_id{handle.value});
  if (!is_global && (library == modules_.end() || !library->second.is_published)) {
    return fail(errc::invalid_handle, {});
  }
  for (const module_id id : is_global ? global_scope_ : closure_of(library->first)) {
    const auto in = modules_.find(id);
    const auto ordinal = in == modules_.end() ? std::nullopt : find_export(*in->second.info, name);
    if (!ordinal || in->second.info->exports[*ordinal].is_hidden()) {
      continue;
    }
    std::set<module_id> on_path;
    if (const auto found = define({}, id, *ordinal, on_path)) {
      return found->symbol.what == kind::own ? result<reference_symbol>(fail(errc::symbol_type_mismatch, {}))
                                             : found->symbol;
    }
  }
  return fail(errc::symbol_not_found, {});
}

result<reference_symbol> reference_linker::call(module_id importer, std::uint32_t import_ordinal)
{
  known_module& in = modules_.at(importer);
  binding& bound = in.imports[import_ordinal];
  if (bound.to.symbol.what == kind::nobody) {
    return fail(errc::symbol_not_found, {});
  }
  if (bound.to.symbol.what != kind::unbound) {
    return bound.to.symbol;
  }
  const import_info& import = in.info->imports[import_ordinal];
  std::vector<module_id> scope = in.scope;
  for (const module_id root : in.later) {
    const std::vector<module_id> closure = closure_of(root);
    scope.insert(scope.end(), closure.begin(), closure.end());
  }
  const auto found = search(search_order(scope), import.name);
  if (!found) {
    return fail(errc::symbol_not_found, {});
  }
  if (exported(found->symbol).type != import.type) {
    return fail(errc::symbol_type_mismatch, {});
  }
  bound = {*found, true};
  return found->symbol;
}

result<std::vector<module_id>> reference_linker::close(library_handle handle, const std::set<module_id>& held)
{
  const auto opened = handles_.find(module_id{handle.value});
  if (opened == handles_.end()) {
    return fail(errc::invalid_handle, {});
  }
  if (--opened->second > 0) {
    return std::vector<module_id>{};
  }
  handles_.erase(opened);
  std::set<module_id> reached;
  const std::function<void(module_id)> reach = [&](module_id id) {
    const auto found = modules_.find(id);
    if (found == modules_.end() || !reached.insert(id).second) {
      return;
    }
    std::ranges::for_each(found->second.needed, reach);
    for (const binding& bound : found->second.imports) {
      reach(bound.to.holder);
    }
  };
  reach(main_module);
  std::ranges::for_each(held, reach);
  std::ranges::for_each(final_, reach);
  std::ranges::for_each(closing_, reach);
  for (const auto& [id, count] : handles_) {
    reach(id);
  }
  for (const auto& [root, load] : loads_) {
    std::ranges::for_each(load.modules, reach);
  }
  std::vector<module_id> gone;
  for (const auto& [id, module] : modules_) {
    if (!reached.contains(id)) {
      gone.push_back(id);
      closing_.insert(id);
    }
  }
  std::ranges::reverse(gone);
  return gone;
}

void reference_linker::unload(std::span<const module_id> closing)
{
  for (const module_id id : closing) {
    modules_.erase(id);
    closing_.erase(id);
    std::erase(global_scope_, id);
  }
  for (auto& [id, module] : modules_) {
    std::erase_if(module.later, [&](module_id root) { return std::ranges::find(closing, root) != closing.end(); });
  }
}

std::vector<reference_symbol> reference_linker::bindings_of(module_id id) const
{
  std::vector<reference_symbol> bound;
  for (const binding& each : modules_.at(id).imports) {
    bound.push_back(each.to.symbol);
  }
  return bound;
}

std::vector<module_id> reference_linker::modules() const
{
  std::vector<module_id> published;
  for (const auto& [id, module] : modules_) {
    if (module.is_published) {
      published.push_back(id);
    }
  }
  return published;
}

} // namespace interlink::support

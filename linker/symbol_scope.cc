// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/symbol_scope.hh"

#include <algorithm>

namespace interlink {

linkable_module as_linkable(const loaded_module& published)
{
  const module_plan& plan = published.plan();
  return {plan.id, plan.info.get(), plan.name, plan.memory_base, plan.table_base, std::nullopt};
}

void symbol_scope::add(const linkable_module& module)
{
  if (std::ranges::find(modules_, module.id, &linkable_module::id) == modules_.end()) {
    modules_.push_back(module);
  }
}

void symbol_scope::add_published(module_id id)
{
  if (const loaded_module* module = published_->find(id)) {
    add(as_linkable(*module));
  }
}

std::optional<definition> symbol_scope::find(std::string_view name) const
{
  std::set<module_id> on_path;
  return find_past(name, on_path);
}

std::optional<definition> symbol_scope::find_past(std::string_view name, std::set<module_id>& on_path) const
{
  for (const linkable_module& module : modules_) {
    if (const auto ordinal = module.info->find_export_ordinal(name)) {
      if (auto found = define(module, *ordinal, on_path)) {
        return found;
      }
    }
  }
  return std::nullopt;
}

std::optional<definition> symbol_scope::define(const linkable_module& module, std::uint32_t ordinal,
                                               std::set<module_id>& on_path) const
{
  const export_info& exported = module.info->exports[ordinal];
  if (kind_of(exported.type) != extern_kind::function) {
    return definition{module, ordinal, null_slot};
  }
  if (!module.plan_place) {
    const auto canonical = canonical_function(*published_, module.id, ordinal);
    return canonical ? std::optional(definition{as_linkable(*published_->find(canonical->provider)),
                                                canonical->export_ordinal, canonical->slot})
                     : std::nullopt;
  }
  const std::uint32_t canonical = module.info->canonical_export[ordinal];
  const import_info* import = passed_on_import(*module.info, exported);
  if (import == nullptr) {
    return definition{module, canonical, own_slot_of(*module.info, module.table_base, exported.index)};
  }
  if (import->module_name == "env") { // bound as any other import: to a module's export, else to the host's
    if (!on_path.insert(module.id).second) {
      return std::nullopt;
    }
    auto followed = find_past(import->name, on_path);
    on_path.erase(module.id);
    const extern_type* offered = catalog_->find(import->module_name, import->name);
    if (followed || offered == nullptr || *offered != import->type) {
      return followed;
    }
  }
  return definition{module, canonical, slot_of_host(*published_, import->module_name, import->name, import->type)};
}

} // namespace interlink

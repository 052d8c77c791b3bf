// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/binding_log.hh"

#include "linker/plan_printer.hh"

#include <fmt/format.h>

#include <algorithm>

namespace interlink {

namespace {

class binding_describer {
public:
  binding_describer(const load_plan& plan, const snapshot& loaded) : plan_(plan), loaded_(loaded) {}

  std::string describe(const module_plan& importer, std::size_t import_ordinal) const
  {
    const import_binding& bound = importer.imports[import_ordinal];
    const import_info& import = importer.info->imports[import_ordinal];
    if (const auto* direct = std::get_if<binding::direct>(&bound)) {
      return "direct to " + name_of(direct->provider);
    }
    if (const auto* tls = std::get_if<binding::tls_address>(&bound)) {
      return fmt::format("TLS of {} + {:#x}", name_of(tls->provider), tls->offset);
    }
    if (const auto* thunk = std::get_if<binding::thunk>(&bound)) {
      const table_index slot = importer.thunks[thunk->number].slot;
      if (slot == null_slot) {
        return import.is_weak() ? "weak, undefined" : "lazy, at its first call";
      }
      return fmt::format("thunk to slot {}{}", slot.value, owner_of(slot));
    }
    const auto* constant = std::get_if<binding::constant>(&bound);
    if (constant != nullptr && import.module_name == "GOT.func") {
      const table_index slot{static_cast<std::uint32_t>(constant->value)};
      return slot == null_slot ? "slot 0, undefined" : fmt::format("slot {}{}", slot.value, owner_of(slot));
    }
    return to_text(bound);
  }

private:
  std::string name_of(module_id module) const
  {
    const auto planned = std::ranges::find(plan_.modules, module, &module_plan::id);
    if (planned != plan_.modules.end()) {
      return planned->name;
    }
    const loaded_module* known = loaded_.find(module);
    return known == nullptr ? fmt::format("module {}", module.value) : known->plan().name;
  }

  /// " of NAME" for a slot that this plan fills.
  std::string owner_of(table_index slot) const
  {
    if (const auto fill = std::ranges::find(plan_.slots, slot, &slot_fill::slot); fill != plan_.slots.end()) {
      return " of " + name_of(fill->source.provider);
    }
    const bool is_host = std::ranges::find(*loaded_.host_slots, slot, &slot_fill::slot) != loaded_.host_slots->end();
    return is_host ? " of the host" : "";
  }

  const load_plan& plan_;
  const snapshot& loaded_;
};

} // namespace

std::vector<std::string> describe_bindings(const load_plan& plan, const snapshot& loaded)
{
  const binding_describer describer(plan, loaded);
  std::vector<std::string> lines;
  for (const module_plan& module : plan.modules) {
    for (std::size_t i = 0; i < module.imports.size(); ++i) {
      const import_info& import = module.info->imports[i];
      lines.push_back(fmt::format("binding {}: {}.{} [{}]", module.name, import.module_name, import.name,
                                  describer.describe(module, i)));
    }
  }
  return lines;
}

std::string describe_lazy_binding(const snapshot& loaded, module_id importer, std::uint32_t thunk_number,
                                  table_index slot)
{
  const loaded_module* module = loaded.find(importer);
  if (module == nullptr || thunk_number >= module->plan().thunks.size()) {
    return {};
  }
  const module_plan& plan = module->plan();
  const import_info& import = plan.info->imports[plan.thunks[thunk_number].import_ordinal];
  return fmt::format("binding {}: {}.{} [first call, slot {}]", plan.name, import.module_name, import.name, slot.value);
}

} // namespace interlink

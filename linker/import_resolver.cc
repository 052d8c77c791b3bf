// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/import_resolver.hh"

#include <memory>
#include <utility>

namespace interlink {

std::size_t slot_wishes::of(const definition& function)
{
  if (const import_info* host = passed_on_import(*function.provider.info, function.exported())) {
    return of_host(*host);
  }
  const module_id provider = function.provider.id;
  const auto [place, is_new] = functions_.try_emplace({provider, function.export_ordinal}, wanted_.size());
  if (is_new) {
    wanted_.push_back({provider, function.export_ordinal});
  }
  return place->second;
}

std::size_t slot_wishes::of_host(const import_info& function)
{
  const auto [place, is_new] =
      host_functions_.try_emplace({function.module_name, function.name, function.type}, wanted_.size());
  if (is_new) {
    wanted_.push_back({no_module, 0, std::make_shared<const import_info>(function)});
  }
  return place->second;
}

resolved_module import_resolver::resolve(std::vector<slot_use>& uses)
{
  const std::vector<import_info>& imports = importer_.info->imports;
  resolved_.imports.reserve(imports.size());
  for (std::uint32_t ordinal = 0; ordinal < imports.size(); ++ordinal) {
    resolved_.imports.push_back(bind(imports[ordinal], ordinal));
  }
  uses.insert(uses.end(), uses_.begin(), uses_.end());
  return std::move(resolved_);
}

import_binding import_resolver::bind(const import_info& import, std::uint32_t ordinal)
{
  if (import.module_name == "env") {
    return bind_from_env(import, ordinal);
  }
  if (import.module_name == "GOT.mem") {
    return bind_data_address(import);
  }
  if (import.module_name == "GOT.func") {
    return bind_function_address(import, ordinal);
  }
  if (tells_caller(import) && input_.catalog.find(import.module_name, import.name) != nullptr) {
    import_info host = import;
    host.type = *input_.catalog.find(import.module_name, import.name);
    return bind_host_thunk(host, import, ordinal);
  }
  return bind_from_host(import);
}

import_binding import_resolver::bind_from_host(const import_info& import)
{
  if (const extern_type* offered = input_.catalog.find(import.module_name, import.name)) {
    if (*offered != import.type) {
      return mismatch(import, to_string(import.type), to_string(*offered) + " of the host");
    }
    return binding::host{};
  }
  const bool is_function = kind_of(import.type) == extern_kind::function;
  if (is_function && input_.catalog.open_modules.contains(import.module_name)) {
    return binding::host{};
  }
  return unknown(import);
}

bool import_resolver::is_earlier(const linkable_module& provider) const
{
  return !provider.plan_place || *provider.plan_place < place_;
}

void import_resolver::note_provider(module_id provider)
{
  if (provider != importer_.id) {
    resolved_.providers.insert(provider);
  }
}

void import_resolver::note_use(bool is_thunk, std::uint32_t number, std::size_t wanted)
{
  uses_.push_back({place_, is_thunk, number, wanted});
}

import_binding import_resolver::missing(const import_info& import)
{
  problems_.missing.push_back({importer_.name, import.module_name, import.name, to_string(import.type)});
  return binding::constant{};
}

import_binding import_resolver::unknown(const import_info& import)
{
  problems_.unknown_imports.push_back({importer_.name, import.module_name, import.name, to_string(import.type)});
  return binding::constant{};
}

import_binding import_resolver::mismatch(const import_info& import, std::string expected, std::string found)
{
  problems_.mismatches.push_back(
      {importer_.name, import.module_name, import.name, std::move(expected), std::move(found)});
  return binding::constant{};
}

import_binding import_resolver::refuse(const import_info& import, std::string message, std::string remedy)
{
  error_detail detail;
  detail.message = std::move(message);
  detail.module_name = importer_.name;
  detail.symbol_name = import.module_name + "." + import.name;
  detail.remedy = std::move(remedy);
  problems_.refusals.emplace_back(errc::unsupported_module, std::move(detail));
  return binding::constant{};
}

std::string import_resolver::name_of(const definition& found) const
{
  return to_string(found.exported().type) + " in " + std::string(found.provider.name);
}

} // namespace interlink

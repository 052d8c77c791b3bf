// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/static_program.hh"

#include <algorithm>
#include <utility>

namespace interlink {

namespace {

const memory_type* imported_memory(const module_info& info)
{
  for (const import_info& import : info.imports) {
    if (const auto* memory = std::get_if<memory_type>(&import.type)) {
      return memory;
    }
  }
  return nullptr;
}

/// Nothing when nobody offers the import. An offered memory is the embedder's; any other one is the program's own.
std::optional<import_binding> bind_static(const import_info& import, const host_catalog& catalog)
{
  const extern_type* offered = catalog.find(import.module_name, import.name);
  if (offered != nullptr && offered->index() == import.type.index()) {
    return *offered == import.type || !std::holds_alternative<function_type>(import.type)
               ? std::optional<import_binding>(binding::host{})
               : std::nullopt;
  }
  if (std::holds_alternative<memory_type>(import.type)) {
    return binding::linked_memory{};
  }
  if (std::holds_alternative<table_type>(import.type)) {
    return binding::function_table{};
  }
  if (std::holds_alternative<function_type>(import.type) && catalog.open_modules.contains(import.module_name)) {
    return binding::host{};
  }
  return std::nullopt;
}

} // namespace

bool imports_memory(const module_info& info)
{
  return imported_memory(info) != nullptr;
}

result<main_layout> plan_static_layout(const module_info& info, const memory_options& options)
{
  main_layout layout;
  layout.is_fixed_address = true;
  const memory_type* memory = imported_memory(info);
  if (memory == nullptr) {
    return layout;
  }
  const auto is_memory = [](const import_info& import) {
    return std::holds_alternative<memory_type>(import.type);
  };
  if (std::ranges::count_if(info.imports, is_memory) > 1) {
    return fail(errc::unsupported_module, "the program imports more than one memory; Interlink links one");
  }
  layout.memory = *memory;
  layout.maximum_pages = memory->size.maximum.value_or(std::uint64_t{1} << 16);
  if (options.maximum_bytes) {
    layout.maximum_pages = std::min(layout.maximum_pages, *options.maximum_bytes >> memory->page_size_log2);
  }
  return layout;
}

result<load_plan_ptr> plan_static_program(const prepared_module& program, const std::string& name,
                                          const host_catalog& catalog)
{
  module_plan plan;
  plan.id = main_module;
  plan.name = name;
  plan.info = program.info;
  plan.artifact = program.code;
  error_detail problems;
  for (const import_info& import : program.info->imports) {
    if (auto bound = bind_static(import, catalog)) {
      plan.imports.push_back(*bound);
    } else {
      problems.missing.push_back({name, import.module_name, import.name, to_string(import.type)});
    }
  }
  if (!problems.missing.empty()) {
    problems.message = name + ": " + std::to_string(problems.missing.size()) + " imports that nobody provides";
    problems.remedy = "the program has no dylink.0 section, so only host functions can serve its imports";
    return fail(error(errc::unknown_import, std::move(problems)));
  }
  auto load = std::make_shared<load_plan>();
  load->modules.push_back(std::move(plan));
  load->table_size = 1;
  return load;
}

} // namespace interlink

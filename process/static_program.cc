// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/static_program.hh"

#include "linker/symbol_problems.hh"

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

error too_small(const memory_type& memory, std::uint64_t maximum_bytes)
{
  error_detail detail;
  detail.message = "the program's memory has " + std::to_string(memory.size.minimum << memory.page_size_log2) +
                   " bytes from the start, and --max-memory allows " + std::to_string(maximum_bytes);
  detail.remedy = "allow at least as much";
  return {errc::memory_exhausted, std::move(detail)};
}

/// No other module can serve the imports.
error with_remedy(const error& failure)
{
  error_detail detail = failure.detail();
  if (detail.remedy.empty()) {
    detail.remedy =
        "a program without a dylink.0 section gets host functions only: those of WASI preview 1, wasi-threads "
        "and WASIX, and the embedder's";
  }
  return {failure.code(), std::move(detail)};
}

/// An offered memory is the embedder's; any other one is the program's own. Notes what cannot be bound.
import_binding bind_static(const import_info& import, const std::string& importer, const host_catalog& catalog,
                           symbol_problems& problems)
{
  const extern_type* offered = catalog.find(import.module_name, import.name);
  const bool is_function = std::holds_alternative<function_type>(import.type);
  if (offered != nullptr && offered->index() == import.type.index()) {
    if (is_function && *offered != import.type) {
      problems.mismatches.push_back(
          {importer, import.module_name, import.name, to_string(import.type), to_string(*offered) + " of the host"});
    }
    return binding::host{};
  }
  if (std::holds_alternative<memory_type>(import.type)) {
    return binding::linked_memory{};
  }
  if (std::holds_alternative<table_type>(import.type)) {
    return binding::function_table{};
  }
  if (!is_function || !catalog.open_modules.contains(import.module_name)) {
    problems.unknown_imports.push_back({importer, import.module_name, import.name, to_string(import.type)});
  }
  return binding::host{};
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
  const auto is_memory = [](const import_info& import) {
    return std::holds_alternative<memory_type>(import.type);
  };
  if (std::ranges::count_if(info.imports, is_memory) > 1) {
    return fail(errc::unsupported_module, "the program imports more than one memory; Interlink links one");
  }
  const memory_type* memory = imported_memory(info);
  if (options.maximum_bytes) {
    std::vector<memory_type> all = info.defined_memories;
    if (memory != nullptr) {
      all.push_back(*memory);
    }
    for (const memory_type& each : all) {
      if (each.size.minimum > *options.maximum_bytes >> each.page_size_log2) {
        return fail(too_small(each, *options.maximum_bytes));
      }
    }
  }
  if (memory == nullptr) {
    return layout;
  }
  layout.memory = *memory;
  layout.maximum_pages = memory->size.maximum.value_or(std::uint64_t{1} << 16);
  if (options.maximum_bytes) {
    layout.maximum_pages = std::min(layout.maximum_pages, *options.maximum_bytes >> memory->page_size_log2);
  }
  if (memory->is_shared || memory->size.maximum || options.maximum_bytes) {
    layout.memory.size.maximum = layout.maximum_pages;
  }
  return layout;
}

result<std::shared_ptr<load_plan>> plan_static_program(module_info_ptr info, const std::string& name,
                                                       const host_catalog& catalog)
{
  module_plan plan;
  plan.id = main_module;
  plan.name = name;
  plan.info = std::move(info);
  symbol_problems problems;
  for (const import_info& import : plan.info->imports) {
    plan.imports.push_back(bind_static(import, name, catalog, problems));
  }
  if (!problems.empty()) {
    return fail(with_remedy(problems.to_error()));
  }
  auto load = std::make_shared<load_plan>();
  load->modules.push_back(std::move(plan));
  load->table_size = 1;
  return load;
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/module_checks.hh"

#include "linker/group_blocks.hh"
#include "messages/limits.hh"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>

namespace interlink {

namespace {

error refuse(errc code, std::string_view name, std::string message)
{
  error_detail detail;
  detail.message = std::move(message);
  detail.module_name = std::string(name);
  return {code, std::move(detail)};
}

/// T3: what a module writes into the table by itself lies in slots that are its own.
result<void> check_elements(const module_info& info, std::string_view name, bool may_be_absolute)
{
  const std::uint64_t own_slots = table_slots_of(info);
  for (const element_function& element : info.element_functions) {
    if (!element.is_relative && (!may_be_absolute || element.offset == 0)) {
      return fail(refuse(errc::unsupported_module, name,
                         "an element segment fills slot " + std::to_string(element.offset) +
                             " of the function table, which is not the module's own"));
    }
    if (element.is_relative && element.offset >= own_slots) {
      return fail(refuse(errc::unsupported_module, name,
                         "an element segment fills slot " + std::to_string(element.offset) +
                             " after __table_base, and dylink.0 asks for " + std::to_string(own_slots) + " only"));
    }
  }
  return {};
}

/// What the linker calls or reads by name, and the type it relies on: the host calls without a check of its own.
result<void> check_exports(const module_info& info, std::string_view name, bool is_main)
{
  const extern_type nothing = function_type{};
  const extern_type takes_block = function_type{{wasm::i32}, {}};
  const extern_type gives_block = function_type{{}, {wasm::i32}};
  const extern_type pointer = global_type{wasm::i32, true};
  const extern_type allocator = function_type{{wasm::i32, wasm::i32}, {wasm::i32}};
  const std::array<std::tuple<std::string_view, const extern_type*, bool>, 6> expected{{
      {"__wasm_call_ctors", &nothing, false},
      {"__wasm_apply_data_relocs", &nothing, false},
      {"__wasm_init_tls", &takes_block, false},
      {"__wasix_init_tls", &gives_block, false},
      {"__stack_pointer", &pointer, true},
      {"aligned_alloc", &allocator, true},
  }};
  for (const auto& [export_name, type, only_of_main] : expected) {
    const export_info* found = only_of_main && !is_main ? nullptr : info.find_export(export_name);
    if (found != nullptr && found->type != *type) {
      error_detail detail;
      detail.message = "an export that the linker uses has another type";
      detail.module_name = std::string(name);
      detail.symbol_name = std::string(export_name);
      detail.expected = to_string(*type);
      detail.found = to_string(found->type);
      return fail(error(errc::symbol_type_mismatch, std::move(detail)));
    }
  }
  return {};
}

/// Both run between prepare and commit, or in phase 1 of a catch up: nothing that can wait may run there (models, H1,
/// H3).
result<void> check_initialisers(const module_info& info, std::string_view name)
{
  for (const auto& [kind, function] :
       {std::pair{info.init_tls, "__wasm_init_tls"}, std::pair{info.data_relocations, "__wasm_apply_data_relocs"}}) {
    if (kind == initialiser_kind::open) {
      return fail(
          refuse(errc::unsupported_module, name,
                 std::string(function) + " calls an import or through the function table, which wasm-ld's never does"));
    }
  }
  return {};
}

/// The program's heap begins at `__heap_base`, for whoever asks: a second allocator there would overwrite it.
result<void> check_heap(const module_info& info, std::string_view name, bool is_main)
{
  if (is_main) {
    return {};
  }
  static const std::string remedy =
      "link it with -shared and without the C library, whose functions the program gives it";
  error_detail detail;
  detail.module_name = std::string(name);
  detail.remedy = remedy;
  if (info.find_export("_start") != nullptr) {
    detail.message = "it is a program: it exports _start, and would bring a C library and a heap of its own";
    return fail(error(errc::unsupported_module, std::move(detail)));
  }
  const bool knows_heap = std::ranges::any_of(info.imports, [](const import_info& import) {
    return import.module_name == "GOT.mem" && (import.name == "__heap_base" || import.name == "__heap_end");
  });
  const bool allocates = info.grows_memory ||
                         std::ranges::any_of(std::array{"malloc", "sbrk", "aligned_alloc"}, [&](const char* function) {
                           return info.find_export(function) != nullptr;
                         });
  if (knows_heap && allocates) {
    detail.message =
        "the library holds an allocator of its own, which would overwrite the program's heap at __heap_base";
    return fail(error(errc::unsupported_module, std::move(detail)));
  }
  return {};
}

} // namespace

std::uint64_t table_slots_of(const module_info& info)
{
  std::uint64_t count = info.dylink ? info.dylink->table_size : 0;
  for (const element_function& element : info.element_functions) {
    if (!element.is_relative) {
      count = std::max<std::uint64_t>(count, element.offset);
    }
  }
  return count;
}

std::vector<table_index> own_slots_of(const module_plan& plan)
{
  std::vector<table_index> slots(table_slots_of(*plan.info));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    slots[i].value = plan.table_base.value + static_cast<std::uint32_t>(i);
  }
  return slots;
}

bool has_absolute_elements(const module_info& info)
{
  return !std::ranges::all_of(info.element_functions, &element_function::is_relative);
}

result<void> check_module(const module_info& info, std::string_view name, bool is_main)
{
  if (!info.dylink) {
    return fail(refuse(errc::not_a_library, name, "the module has no dylink.0 section"));
  }
  if (info.dylink->memory_alignment_log2 > limit::memory_alignment_log2 ||
      info.dylink->table_alignment_log2 > limit::table_alignment_log2 ||
      info.dylink->table_size > limit::table_elements) {
    return fail(refuse(errc::limit_exceeded, name, "an alignment or the table size in dylink.0 is beyond its limit"));
  }
  if (const auto checked = check_elements(info, name, is_main); !checked) {
    return checked;
  }
  if (const auto checked = check_exports(info, name, is_main); !checked) {
    return checked;
  }
  if (const auto checked = check_initialisers(info, name); !checked) {
    return checked;
  }
  if (const auto checked = check_heap(info, name, is_main); !checked) {
    return checked;
  }
  return check_tls(info, name, is_main);
}

} // namespace interlink

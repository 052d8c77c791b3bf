// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/module_checks.hh"

#include "linker/group_blocks.hh"
#include "messages/limits.hh"

#include <algorithm>
#include <string>
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
                         "an element segment fills slot " + std::to_string(element.offset)
                           + " of the function table, which is not the module's own"));
    }
    if (element.is_relative && element.offset >= own_slots) {
      return fail(refuse(errc::unsupported_module, name,
                         "an element segment fills slot " + std::to_string(element.offset)
                           + " after __table_base, and dylink.0 asks for " + std::to_string(own_slots) + " only"));
    }
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

bool has_absolute_elements(const module_info& info)
{
  return !std::ranges::all_of(info.element_functions, &element_function::is_relative);
}

result<void> check_module(const module_info& info, std::string_view name, bool is_main)
{
  if (!info.dylink) {
    return fail(refuse(errc::not_a_library, name, "the module has no dylink.0 section"));
  }
  if (info.dylink->memory_alignment_log2 > limit::memory_alignment_log2
      || info.dylink->table_alignment_log2 > limit::table_alignment_log2
      || info.dylink->table_size > limit::table_elements) {
    return fail(refuse(errc::limit_exceeded, name, "an alignment or the table size in dylink.0 is beyond its limit"));
  }
  if (const auto checked = check_elements(info, name, is_main); !checked) {
    return checked;
  }
  return check_tls(info, name, is_main);
}

} // namespace interlink

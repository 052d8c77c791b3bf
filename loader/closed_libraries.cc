// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/closed_libraries.hh"

#include "groups/instance_group.hh"
#include "linker/module_checks.hh"

#include <algorithm>
#include <mutex>
#include <utility>

namespace interlink {

namespace {

/// Chosen: more than the snapshot keeps, since one library may have been closed several times.
constexpr std::size_t closed_kept = 16;

void add_once(std::vector<function_type>& types, const function_type& type)
{
  if (std::ranges::find(types, type) == types.end()) {
    types.push_back(type);
  }
}

} // namespace

void closed_libraries::add(std::string path, std::vector<function_type> types)
{
  const std::lock_guard lock(mutex_);
  std::erase_if(newest_, [&](const closed_library& each) { return each.path == path && each.types == types; });
  newest_.push_front({std::move(path), std::move(types)});
  if (newest_.size() > closed_kept) {
    newest_.pop_back();
  }
}

std::vector<std::string> closed_libraries::with_function_of(const function_type& type,
                                                            const std::vector<std::string>& paths) const
{
  const std::lock_guard lock(mutex_);
  const auto may_have = [&](const std::string& path) {
    const auto is_that = [&](const closed_library& each) {
      return each.path == path;
    };
    const auto has_it = [&](const closed_library& each) {
      return each.path == path && std::ranges::find(each.types, type) != each.types.end();
    };
    return std::ranges::none_of(newest_, is_that) || std::ranges::any_of(newest_, has_it);
  };
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    if (may_have(path) && std::ranges::find(found, path) == found.end()) {
      found.push_back(path);
    }
  }
  return found;
}

std::vector<function_type> pointed_types(instance_group& group, module_id module)
{
  std::vector<function_type> types;
  const loaded_module* loaded = group.applied().find(module);
  if (loaded == nullptr) {
    return types;
  }
  for (const export_info& exported : loaded->plan().info->exports) {
    if (const auto* type = std::get_if<function_type>(&exported.type)) {
      add_once(types, *type);
    }
  }
  for (const table_index own : own_slots_of(loaded->plan())) {
    if (const engine::function function = group.store().slot(own); !engine::is_null(function)) {
      add_once(types, group.store().store().type_of(function));
    }
  }
  return types;
}

} // namespace interlink

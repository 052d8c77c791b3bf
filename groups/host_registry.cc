// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/host_registry.hh"

namespace interlink {

void host_registry::add(std::string module_name, std::string name, function_type type, host_call call)
{
  std::string full_name = module_name + "." + name;
  entries_.insert_or_assign({std::move(module_name), std::move(name)},
                            host_function{std::move(type), std::move(call), std::move(full_name)});
}

void host_registry::add(std::string module_name, std::string name, engine::shared_memory_ptr memory)
{
  entries_.insert_or_assign({std::move(module_name), std::move(name)}, std::move(memory));
}

void host_registry::override_with(host_registry other)
{
  for (auto& [names, offered] : other.entries_) {
    entries_.insert_or_assign(names, std::move(offered));
  }
  open_modules_.merge(other.open_modules_);
}

void host_registry::wrap_functions(const std::function<host_call(host_call, const std::string& name)>& wrap)
{
  for (auto& [names, offered] : entries_) {
    if (auto* function = std::get_if<host_function>(&offered)) {
      function->call = wrap(std::move(function->call), function->name);
    }
  }
}

const host_registry::entry* host_registry::find(const std::string& module_name, const std::string& name) const
{
  const auto found = entries_.find({module_name, name});
  return found == entries_.end() ? nullptr : &found->second;
}

std::shared_ptr<const host_catalog> host_registry::catalog() const
{
  auto catalog = std::make_shared<host_catalog>();
  for (const auto& [names, offered] : entries_) {
    if (const auto* function = std::get_if<host_function>(&offered)) {
      catalog->offered.emplace(names, function->type);
    } else {
      catalog->offered.emplace(names, std::get<engine::shared_memory_ptr>(offered)->type());
    }
  }
  catalog->open_modules = open_modules_;
  return catalog;
}

} // namespace interlink

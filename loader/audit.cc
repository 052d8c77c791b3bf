// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/audit.hh"

#include "linker/planner.hh"

#include <algorithm>
#include <optional>

namespace interlink {

namespace {

/// Who needs a module of the closure, and by which name.
audited_open needed_in(const needed_closure& closure, std::size_t place)
{
  const std::vector<requested_module>& modules = closure.request.modules;
  const auto needs = [&](const requested_module& each) {
    return std::ranges::find(each.needed, place) != each.needed.end();
  };
  const auto requester = std::ranges::find_if(modules, needs);
  const requested_module& module = modules[place];
  return {module.asked.empty() ? std::string_view(module.name) : module.asked.front(),
          module.name,
          {},
          requester == modules.end() ? std::string_view() : requester->name,
          no_group};
}

std::string hash_of(const loaded_module& module)
{
  const auto* code = dynamic_cast<const compiled_code*>(module.plan().artifact.get());
  return code == nullptr || code->places == nullptr ? std::string() : code->places->hash;
}

} // namespace

result<void> audit_reopen(const loader_services& loader, const instance_group& group, std::string_view name,
                          const loaded_module& open, std::string_view requester)
{
  return loader.policy.open ? loader.policy.open({name, open.plan().name, hash_of(open), requester, group.id()})
                            : result<void>();
}

result<void> audit_closure(const loader_services& loader, const instance_group& group, const needed_closure& closure,
                           std::string_view name, std::string_view requester)
{
  const audit& policy = loader.policy;
  const bool is_program = closure.request.kind == load_kind::program;
  if (policy.open) {
    if (closure.unready.empty() || closure.unready.front().place != 0) { // found by another name
      const loaded_module* open = group.applied().find_by_identity(closure.request.modules.front().identity);
      if (auto allowed = open == nullptr ? result<void>() : audit_reopen(loader, group, name, *open, requester);
          !allowed) {
        return allowed;
      }
    }
    for (const needed_closure::unready_module& each : closure.unready) {
      if (is_program && each.place == 0) {
        continue;
      }
      const std::string hash = to_text(each.content.key);
      audited_open seen = needed_in(closure, each.place);
      if (each.place == 0) {
        seen.name = name;
        seen.requester = requester;
      }
      seen.hash = hash;
      seen.group = group.id();
      if (auto allowed = policy.open(seen); !allowed) {
        return allowed;
      }
    }
  }
  if (policy.import) {
    const auto imports = find_host_imports(group.applied(), group.services().environment.registry->catalog(),
                                           loader.program.layout, closure.request);
    for (const host_import& each : imports) {
      if (auto allowed = policy.import({each.importer, each.module_name, each.name, each.type}); !allowed) {
        return allowed;
      }
    }
  }
  return {};
}

} // namespace interlink

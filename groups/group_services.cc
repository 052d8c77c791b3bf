// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/group_services.hh"

namespace interlink {

std::string group_services::name_of(module_id module) const
{
  const snapshot_ptr current = coordinator_->current();
  const loaded_module* loaded = current->find(module);
  return loaded == nullptr ? "module " + std::to_string(module.value) : loaded->plan().name;
}

} // namespace interlink

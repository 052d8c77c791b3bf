// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/closure_code.hh"

#include "groups/group_store.hh"
#include "messages/limits.hh"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "wasm/closure_module.hh"

namespace interlink {

result<module_artifact_ptr> closure_code::of_type(const function_type& type, bool is_memory_shared)
{
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = by_type_.find(type); known != by_type_.end()) {
      return known->second;
    }
    if (by_type_.size() >= limit::closure_types) {
      return fail(errc::limit_exceeded,
                  "closures of this process have " + std::to_string(by_type_.size()) + " types, and may have no more");
    }
  }
  const std::vector<std::byte> bytes = make_closure_module(type, is_memory_shared);
  count(counts_, &statistics::bytes_compiled, bytes.size());
  auto compiled = engine_->compile(bytes);
  if (!compiled) {
    return fail(compiled.error().with_context("closures of type " + to_string(type)));
  }
  auto code = std::make_shared<compiled_code>();
  code->compiled = std::move(*compiled);
  const std::lock_guard lock(mutex_);
  return by_type_.try_emplace(type, std::move(code)).first->second;
}

} // namespace interlink

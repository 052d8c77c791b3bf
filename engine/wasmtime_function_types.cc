// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/wasmtime_function_types.hh"

#include "engine/wasmtime_types.hh"

#include <mutex>

namespace interlink::engine::wasmtime {

std::shared_ptr<const wasm_functype_t> function_types::find(const wasm_engine_t* engine,
                                                            const function_type& type) const
{
  {
    std::shared_lock lock(mutex_);
    if (const auto known = known_.find(type); known != known_.end()) {
      return known->second;
    }
  }
  std::shared_ptr<const wasm_functype_t> made = to_wasm(engine, type);
  std::lock_guard lock(mutex_);
  return made && known_.size() < most ? known_.try_emplace(type, std::move(made)).first->second : made;
}

} // namespace interlink::engine::wasmtime

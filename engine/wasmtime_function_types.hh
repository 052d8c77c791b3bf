// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The engine's own form of the types of host functions: every store makes the same functions, and to tell the engine
// their types anew costs more than to make them. Private to the adapter.
#pragma once

#include "messages/wasm_types.hh"

#include <wasmtime.h>

#include <cstddef>
#include <map>
#include <memory>
#include <shared_mutex>

namespace interlink::engine::wasmtime {

/// Context: any thread; the lock is a leaf and held for one look-up or one entry.
class function_types {
public:
  /// Null when the type names a module's own types, which the host cannot say.
  std::shared_ptr<const wasm_functype_t> find(const wasm_engine_t* engine, const function_type& type) const;

private:
  /// Chosen: more than the guest ABI has, and a bound for types that guests make up.
  static constexpr std::size_t most = 1024;

  mutable std::shared_mutex mutex_;
  mutable std::map<function_type, std::shared_ptr<const wasm_functype_t>> known_;
};

} // namespace interlink::engine::wasmtime

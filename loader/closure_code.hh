// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled trampolines of closures, once for each type in a process.
#pragma once

#include "actors/ranked_mutex.hh"
#include "engine/engine.hh"
#include "groups/statistics.hh"
#include "messages/error.hh"
#include "messages/link_plan.hh"
#include "messages/wasm_types.hh"

#include <map>
#include <utility>

namespace interlink {

/// Context: any thread. Compiles outside its lock: two threads may both compile a type, and one result wins. Bounded by
/// limit::closure_types.
class closure_code {
public:
  /// `counts` may be null, and outlives this otherwise.
  closure_code(engine::engine_ptr engine, statistics* counts) : engine_(std::move(engine)), counts_(counts) {}

  /// Pre: `can_be_closure`. Errors: engine_refused; limit_exceeded.
  result<module_artifact_ptr> of_type(const function_type& type, bool is_memory_shared);

private:
  engine::engine_ptr engine_;
  statistics* counts_;
  ranked_mutex mutex_{lock_rank::module_cache};
  std::map<function_type, module_artifact_ptr> by_type_;
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations: what the log fans out to the groups. Each takes a group from one topology version to the next.
#pragma once

#include "messages/closure.hh"
#include "messages/ids.hh"
#include "messages/link_plan.hh"

#include <memory>
#include <variant>
#include <vector>

namespace interlink {

/// New modules, relocated. `blocks` has the TLS block of each new module for every group of the roster at commit.
struct load_modules {
  load_plan_ptr plan;
  std::vector<module_artifact_ptr> thunk_artifacts; ///< one for each module of the plan; empty where it has no thunks
  std::vector<group_block> blocks;
  group_id requester; ///< has applied the plan already, in rehearsal
};

/// Slots given to functions of published modules.
struct resolve_function {
  std::vector<slot_fill> slots;
  std::uint64_t table_size{};
};

/// A range of slots set aside; null until someone fills them.
struct allocate_function_table {
  table_index base;
  std::uint32_t count{};
  std::uint64_t table_size{};
};

/// Modules gone: their slots are null from here on. A group that has not instantiated them yet never does.
struct unload_modules {
  std::vector<module_id> modules;
  std::vector<table_index> slots;
};

/// What slots of closures hold from here on.
struct set_closures {
  std::vector<closure_fill> closures;
  std::uint64_t table_size{};
};

/// The process ends. Guest code of every group is unwound at its next check or host call.
struct stop_process {
  std::uint32_t exit_code{};
};

using operation_body =
    std::variant<load_modules, resolve_function, allocate_function_table, unload_modules, set_closures, stop_process>;

} // namespace interlink

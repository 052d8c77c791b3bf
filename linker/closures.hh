// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Closures in a topology: which slots are set aside for them, and which trampoline each has. The turns are a part of
// linker/topology.hh.
//
// A slot is taken from the table like any other, and rests like those of closed libraries when it is freed, so that a
// call through a stale pointer finds it null. A trampoline is for closures of its type only, and goes out again after
// all others that are free.
#pragma once

#include "linker/paged_vector.hh"
#include "messages/closure.hh"
#include "messages/error.hh"
#include "messages/ids.hh"
#include "messages/operation.hh"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace interlink {

struct topology;

/// What groups see. Context: immutable once published.
struct closure_map {
  paged_vector<closure_binding> of_slot;
  std::vector<closure_batch_ptr> batches;
  std::deque<table_index> freed_lately; ///< the newest last: what a call through a null slot may have meant
};

/// What only turns need. Context: a value, owned by the coordinator.
struct closure_pool {
  std::map<function_type, std::deque<std::uint32_t>> free_trampolines; ///< by type, oldest first
};

/// Sets a slot aside.
struct allocate_closure {};

/// Gives a slot that was set aside its function, or another one.
struct prepare_closure {
  table_index slot;
  closure_record record;
  function_type type;
  module_artifact_ptr code; ///< trampolines of that type
};

/// Does nothing when the slot is no closure's.
struct free_closure {
  table_index slot;
};

using closure_change = std::variant<allocate_closure, prepare_closure, free_closure>;

/// A record to be written before the operations are published.
struct record_write {
  std::uint32_t number{};
  closure_record record;
};

struct closure_outcome {
  table_index slot;
  std::optional<record_write> write;
  std::vector<operation_body> operations; ///< none when the record alone changes: the type is the same as before
};

/// The turn. Errors: table_exhausted; limit_exceeded for too many types or trampolines; invalid_argument when the slot
/// to be prepared is not set aside.
result<closure_outcome> change_closures(topology& state, const closure_change& change);

} // namespace interlink

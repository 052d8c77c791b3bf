// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Closures as values. A closure is a slot of the function table that a guest has set aside and then given a type, a
// backing function and a datum. Its trampoline (wasm/closure_module.hh) reads the last two from a record in the control
// memory. Trampolines of one type are instantiated in batches; the place of a trampoline in its batch is the place of
// its record among the batch's.
#pragma once

#include "messages/ids.hh"
#include "messages/link_plan.hh"
#include "messages/wasm_types.hh"

#include <cstdint>
#include <memory>

namespace interlink {

/// What a trampoline calls, as it lies in the control memory: one word of 64 bits, read and written whole.
struct closure_record {
  std::uint32_t backing{}; ///< slot of a function of type `closure_backing_type`
  std::uint32_t datum{};   ///< its last argument

  std::uint64_t word() const { return std::uint64_t{datum} << 32 | backing; }
};

/// (address of the arguments, address of the results, datum). Arguments and results are packed in order, without
/// padding, little-endian. Source: WASIX guest ABI.
inline const function_type closure_backing_type{{wasm::i32, wasm::i32, wasm::i32}, {}};

/// Trampolines of one module: an instance of it costs a store little more than one with a single function.
inline constexpr std::uint32_t closures_per_batch = 32;

/// Trampolines of one type. Context: immutable.
struct closure_batch {
  function_type type;
  module_artifact_ptr code;
};

using closure_batch_ptr = std::shared_ptr<const closure_batch>;

/// What the slot of a closure holds. Context: a value; the default is no closure's slot.
struct closure_binding {
  std::uint32_t value{};

  /// Set aside, and not prepared: a call traps and says so.
  static closure_binding unprepared() { return {1}; }

  /// Trampoline n % closures_per_batch of batch n / closures_per_batch.
  static closure_binding trampoline(std::uint32_t number) { return {number + 2}; }

  bool is_closure() const { return value != 0; }

  bool is_prepared() const { return value >= 2; }

  /// Pre: it is prepared.
  std::uint32_t number() const { return value - 2; }

  friend bool operator==(closure_binding, closure_binding) = default;
};

/// One slot, from some version on.
struct closure_fill {
  table_index slot;
  closure_binding binding; ///< none: the slot is null
};

} // namespace interlink

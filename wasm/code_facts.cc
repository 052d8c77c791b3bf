// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/code_facts.hh"

#include <optional>
#include <string>

#include "wasm/instruction_walker.hh"
#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

struct function_facts {
  bool is_open = false;
  unsigned waits{};
  unsigned notifies{};
  unsigned exchanges{};
  unsigned memory_initialisations{};
  unsigned calls{};

  bool waits_like_init_memory() const
  {
    return waits == 1 && notifies == 1 && exchanges == 1 && memory_initialisations > 0 && calls == 0;
  }
};

/// Adds what one instruction says. Callees that are defined functions go to `callees`.
void add(function_facts& facts, const instruction& at, const module_layout& layout, std::vector<std::uint32_t>& callees)
{
  switch (at.opcode) {
  case opcode::call:
  case opcode::return_call:
    ++facts.calls;
    if (at.first < layout.imported_functions || at.first >= layout.functions.size()) {
      facts.is_open = true;
    } else {
      callees.push_back(static_cast<std::uint32_t>(at.first));
    }
    break;
  case opcode::call_indirect:
  case opcode::return_call_indirect:
  case opcode::call_ref:
  case opcode::return_call_ref:
  case opcode::table_get:
  case opcode::table_size:
  case opcode::throw_tag:
  case opcode::throw_ref:
  case opcode::rethrow:
  case opcode::atomic_wait64:
    facts.is_open = true;
    break;
  case opcode::atomic_wait32:
    ++facts.waits;
    break;
  case opcode::atomic_notify:
    ++facts.notifies;
    break;
  case opcode::i32_atomic_cmpxchg:
    ++facts.exchanges;
    break;
  case opcode::memory_init:
  case opcode::memory_fill:
    ++facts.memory_initialisations;
    break;
  default:
    break;
  }
}

result<function_facts> read_facts(const module_layout& layout, std::uint32_t function_index,
                                  std::vector<std::uint32_t>& callees)
{
  const std::size_t index = function_index - layout.imported_functions;
  binary_reader in = body_reader(layout, index);
  instruction_walker walker(in);
  function_facts facts;
  for (instruction at; walker.next(at);) {
    add(facts, at, layout, callees);
  }
  if (!in.ok()) {
    return fail(code_error(layout, index, in.failure()));
  }
  if ((facts.waits > 0 || facts.notifies > 0) && !facts.waits_like_init_memory()) {
    facts.is_open = true;
  }
  return facts;
}

} // namespace

error code_error(const module_layout& layout, std::size_t index, const error& failure)
{
  return failure.with_context("function " + std::to_string(layout.imported_functions + index));
}

result<code_flags> scan_code(const module_layout& layout)
{
  code_flags flags;
  for (std::size_t index = 0; index < layout.bodies.size(); ++index) {
    binary_reader in = body_reader(layout, index);
    instruction_walker walker(in);
    for (instruction at; walker.next(at);) {
      switch (at.opcode) {
      case opcode::legacy_try:
      case opcode::legacy_catch:
      case opcode::rethrow:
      case opcode::delegate:
      case opcode::catch_all:
        flags.uses_legacy_exceptions = true;
        break;
      case opcode::atomic_wait32:
      case opcode::atomic_wait64:
      case opcode::atomic_notify:
        flags.has_wait_or_notify = true;
        break;
      case opcode::memory_grow:
        flags.grows_memory = true;
        break;
      default:
        break;
      }
    }
    if (!in.ok()) {
      return fail(code_error(layout, index, in.failure()));
    }
  }
  return flags;
}

result<initialiser_kind> classify_initialiser(const module_layout& layout, std::uint32_t function_index)
{
  if (function_index < layout.imported_functions) {
    return initialiser_kind::open;
  }
  std::vector<bool> is_known(layout.bodies.size());
  std::vector<std::uint32_t> to_walk{function_index};
  std::vector<std::uint32_t> callees;
  is_known[function_index - layout.imported_functions] = true;
  while (!to_walk.empty()) {
    const std::uint32_t next = to_walk.back();
    to_walk.pop_back();
    callees.clear();
    const result<function_facts> facts = read_facts(layout, next, callees);
    if (!facts) {
      return fail(facts.error());
    }
    if (facts->is_open) {
      return initialiser_kind::open;
    }
    for (const std::uint32_t callee : callees) {
      if (!is_known[callee - layout.imported_functions]) {
        is_known[callee - layout.imported_functions] = true;
        to_walk.push_back(callee);
      }
    }
  }
  return initialiser_kind::closed;
}

} // namespace interlink

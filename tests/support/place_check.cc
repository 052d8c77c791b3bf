// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/place_check.hh"

#include <vector>

#include "wasm/code_facts.hh"
#include "wasm/instruction_walker.hh"
#include "wasm/layout_reader.hh"

namespace interlink::support {

namespace {

std::vector<instruction> instructions_of(const module_layout& layout, std::size_t body)
{
  binary_reader in = body_reader(layout, body);
  instruction_walker walker(in);
  std::vector<instruction> all;
  for (instruction at; walker.next(at);) {
    all.push_back(at);
  }
  return all;
}

bool is_wait_or_notify(std::uint32_t opcode)
{
  return opcode == opcode::atomic_wait32 || opcode == opcode::atomic_wait64 || opcode == opcode::atomic_notify;
}

std::string difference_in(const std::vector<instruction>& original, const std::vector<instruction>& rewritten,
                          const code_map& places)
{
  std::size_t next = 0; // in `rewritten`
  for (const instruction& at : original) {
    const std::string where = "the original's instruction at " + std::to_string(at.begin);
    const std::size_t first = next;
    const instruction* last = nullptr; // of those that come from `at`
    for (; next < rewritten.size() && places.original_of(rewritten[next].begin) == at.begin; ++next) {
      last = &rewritten[next];
    }
    if (last == nullptr && at.opcode == opcode::data_drop) {
      continue; // left out where an instance may start again
    }
    if (last == nullptr) {
      return where + " has nothing in the rewritten module";
    }
    // Guards stand in front, so the last one is the instruction itself, or the call that took its place. The stack
    // pointer's stands behind.
    if (at.opcode == opcode::global_set && rewritten[first].opcode == at.opcode) {
      continue;
    }
    if (last->opcode != at.opcode && !(last->opcode == opcode::call_indirect && is_wait_or_notify(at.opcode))) {
      return where + " is another one in the rewritten module, at " + std::to_string(last->begin);
    }
  }
  return next == rewritten.size() ? "" : "nothing has the place of " + std::to_string(rewritten[next].begin);
}

} // namespace

std::string difference_of_places(std::span<const std::byte> original, const instrumented_module& made)
{
  const auto before = read_layout(original);
  const auto after = read_layout(made.bytes);
  if (!before || !after || before->bodies.size() != after->bodies.size()) {
    return "the modules have not the same functions";
  }
  for (std::size_t body = 0; body < before->bodies.size(); ++body) {
    std::string differs = difference_in(instructions_of(*before, body), instructions_of(*after, body), made.places);
    if (!differs.empty()) {
      return "function " + std::to_string(body) + ": " + differs;
    }
  }
  return "";
}

} // namespace interlink::support

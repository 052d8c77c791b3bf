// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/second_start.hh"

#include <algorithm>
#include <string_view>

#include "wasm/code_facts.hh"
#include "wasm/instruction_walker.hh"

namespace interlink {

namespace {

constexpr std::uint32_t global_get = 0x23;
constexpr std::uint32_t global_set = 0x24;

/// What one function does to the state that its instance has for itself.
struct own_state {
  std::vector<std::uint32_t> calls; ///< defined functions, by place
  bool sets = false;
  bool reads = false;
  bool drops_data = false;
  bool drops_elements = false;
};

bool is_own_variable(const module_layout& layout, std::uint64_t global)
{
  return global >= layout.imported_globals && global < layout.globals.size() && layout.globals[global].type.is_mutable;
}

result<own_state> read_state(const module_layout& layout, std::size_t index)
{
  own_state state;
  binary_reader in = body_reader(layout, index);
  instruction_walker walker(in);
  for (instruction at; walker.next(at);) {
    switch (at.opcode) {
    case opcode::call:
    case opcode::return_call:
      if (at.first >= layout.imported_functions && at.first < layout.functions.size()) {
        state.calls.push_back(static_cast<std::uint32_t>(at.first - layout.imported_functions));
      }
      break;
    case global_get:
      state.reads = state.reads || is_own_variable(layout, at.first);
      break;
    case global_set:
      state.sets = state.sets || is_own_variable(layout, at.first);
      break;
    case opcode::data_drop:
      state.drops_data = true;
      break;
    case opcode::elem_drop:
      state.drops_elements = true;
      break;
    default:
      break;
    }
  }
  return in.ok() ? result<own_state>(std::move(state)) : fail(code_error(layout, index, in.failure()));
}

/// Defined functions that a function calls, itself included.
std::vector<bool> reached_from(const module_layout& layout, const std::vector<own_state>& states,
                               std::optional<std::uint32_t> function)
{
  std::vector<bool> reached(states.size());
  if (!function || *function < layout.imported_functions) {
    return reached;
  }
  std::vector<std::uint32_t> left{*function - layout.imported_functions};
  while (!left.empty()) {
    const std::uint32_t next = left.back();
    left.pop_back();
    if (!reached[next]) {
      reached[next] = true;
      left.insert(left.end(), states[next].calls.begin(), states[next].calls.end());
    }
  }
  return reached;
}

std::optional<std::uint32_t> exported_function(const module_layout& layout, std::string_view name)
{
  const auto found = std::ranges::find_if(layout.exports, [&](const export_entry& each) {
    return each.kind == extern_kind::function && each.name == name;
  });
  return found == layout.exports.end() ? std::nullopt : std::optional(found->index);
}

/// wasm-ld exports the thread's base with a library's thread-local storage: nobody but the module's own code sets it.
bool exports_variable(const module_layout& layout)
{
  return std::ranges::any_of(layout.exports, [&](const export_entry& each) {
    return each.kind == extern_kind::global && each.name != "__tls_base" && is_own_variable(layout, each.index);
  });
}

} // namespace

result<second_start> read_second_start(const module_layout& layout)
{
  std::vector<own_state> states;
  states.reserve(layout.bodies.size());
  for (std::size_t index = 0; index < layout.bodies.size(); ++index) {
    auto state = read_state(layout, index);
    if (!state) {
      return fail(state.error());
    }
    states.push_back(std::move(*state));
  }
  std::vector<bool> in_start = reached_from(layout, states, layout.start_function);
  std::vector<bool> in_tls = reached_from(layout, states, exported_function(layout, "__wasm_init_tls"));
  if (const auto wasix = exported_function(layout, "__wasix_init_tls")) {
    in_tls = reached_from(layout, states, wasix);
  }
  bool is_possible = layout.active_data_segments == 0 && !exports_variable(layout);
  for (std::size_t index = 0; index < states.size() && is_possible; ++index) {
    const own_state& state = states[index];
    is_possible = !state.drops_elements && (!state.drops_data || in_start[index]) &&
                  (!state.sets || in_start[index] || in_tls[index]) && (!state.reads || !in_start[index]) &&
                  (!state.reads || !state.sets);
  }
  return is_possible ? second_start{true, std::move(in_start)} : second_start{};
}

} // namespace interlink

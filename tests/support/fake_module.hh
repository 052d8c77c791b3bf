// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled code of the fake engine: instructions with their jumps resolved. It knows the instructions that the tests'
// guests, the instrumenter and the thunk modules are made of; compiling anything else fails.
#pragma once

#include "engine/engine.hh"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "wasm/module_layout.hh"

namespace interlink::support {

/// One instruction. `opcode` is as wasm/instruction_walker.hh numbers it.
struct fake_operation {
  std::uint32_t opcode{};
  std::uint64_t first{};
  std::uint64_t second{};
  std::uint32_t end{};       ///< of a block, loop or if: the place of its `end`
  std::uint32_t otherwise{}; ///< of an if: the place of its `else`, 0 when it has none
};

struct fake_function {
  std::vector<fake_operation> operations;
  std::uint32_t locals{}; ///< declared ones, beyond the parameters
};

/// Context: immutable.
class fake_module final : public engine::compiled_module, public std::enable_shared_from_this<fake_module> {
public:
  /// Errors: malformed_module; unsupported_module for instructions and block types that the fake does not know.
  static result<std::shared_ptr<const fake_module>> make(std::span<const std::byte> bytes);

  const module_layout& layout() const { return layout_; }

  const fake_function& function(std::uint32_t defined) const { return functions_[defined]; }

private:
  fake_module() = default;

  std::vector<std::byte> bytes_;
  module_layout layout_; ///< its views point into `bytes_`
  std::vector<fake_function> functions_;
};

} // namespace interlink::support

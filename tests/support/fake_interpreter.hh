// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs one call in a fake store. Values are 64-bit words; traps and what host functions return come out as errors.
#pragma once

#include "tests/support/fake_engine.hh"

#include <cstdint>
#include <vector>

namespace interlink::support {

/// Context: the store's thread; one object for each call of a function.
class fake_interpreter {
public:
  explicit fake_interpreter(fake_store& store) : store_(store) {}

  /// Calls function `number` with its arguments on top of `stack`; leaves its results there.
  result<void> call(std::uint64_t number, std::vector<std::uint64_t>& stack);

private:
  struct label {
    std::uint32_t target{};
    std::size_t height{};
  };

  enum class outcome : std::uint8_t { next, jumped, returned, tail_called };

  result<void> call_host(const fake_store::function_object& callee, std::vector<std::uint64_t>& stack);
  result<outcome> run(const fake_store::function_object& callee, std::vector<std::uint64_t>& stack);
  result<outcome> step(const fake_operation& at);
  result<outcome> control(const fake_operation& at);
  result<outcome> memory_access(const fake_operation& at);
  result<outcome> arithmetic(const fake_operation& at);
  result<outcome> branch(std::uint64_t depth);
  result<outcome> call_from_here(std::uint64_t number, bool is_tail);
  result<std::uint64_t> indirect_callee(const fake_operation& at);
  std::uint64_t pop();

  std::uint32_t pop32() { return static_cast<std::uint32_t>(pop()); }

  void observe() const;

  fake_store& store_;
  const fake_store::instance_object* instance_ = nullptr;
  const fake_function* body_ = nullptr;
  std::vector<std::uint64_t>* stack_ = nullptr;
  std::vector<std::uint64_t> locals_;
  std::vector<label> labels_;
  std::uint32_t place_ = 0;
  std::uint64_t tail_callee_ = 0;
};

/// The error of a wasm trap, with the text that engines use.
error trap(std::string message);

} // namespace interlink::support

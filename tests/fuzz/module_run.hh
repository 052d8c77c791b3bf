// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Carries a module out on the real engine and writes down all that can be observed of it: how instantiation, start
// function and each export end, what host functions are called with, and what memories, globals and tables hold. An
// instrumented module gets what the linker would give it besides, and must give the same lines as its original.
#pragma once

#include "engine/engine.hh"
#include "messages/module_info.hh"

#include <cstdint>
#include <string>
#include <vector>

#include "wasm/instrumenter.hh"
#include "wasm/module_layout.hh"

namespace interlink::fuzz {

struct module_run {
  std::vector<std::string> lines;
  /// Why nothing after the last line can be compared: the guest lasted too long or used up its stack, both of which
  /// depend on what instrumenting adds. Empty when the run came to its end.
  std::string broke_off;
  std::uint64_t catch_ups{};
};

/// The original.
struct run_subject {
  const module_layout& layout;
  const module_info& info;
};

/// What stands for the linker.
struct run_options {
  std::uint64_t seed{};    ///< of values that the host gives
  bool is_always_behind{}; ///< every check finds a newer version, not only those after a call of the host
};

/// `instrumented` is null for the original. The run's `broke_off` tells also what the host cannot provide.
/// Pre: `engine` is interruptible, and somebody advances its epoch now and then.
module_run run_module(engine::engine& engine, const engine::compiled_module& module, const run_subject& original,
                      const instrumented_module* instrumented, const run_options& options);

/// The first line in which two runs differ, with both texts; empty when there is none as far as both went.
std::string difference(const module_run& a, const module_run& b);

} // namespace interlink::fuzz

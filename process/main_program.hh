// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the first group's thread does: load the program, initialise, run `_start`, or serve a reactor's embedder.
#pragma once

#include "messages/error.hh"

#include <functional>

namespace interlink {

class instance_group;

/// Exit code when the program, or a library that it needs, cannot be loaded or linked. Source: shells, ld.so.
inline constexpr unsigned exit_code_of_load_failure = 127;

/// Runs the program to its end, and ends the process with its outcome. `on_ready` is called once: when the program is
/// loaded and `_start` is about to run (command), or `_initialize` has returned (reactor); or with why not.
/// Context: the first group's thread.
result<void> run_program(instance_group& group, std::move_only_function<void(result<void>)> on_ready);

/// Runs posted calls until the queue is closed. Errors: what unwound a call and must end this thread.
result<void> serve_calls(instance_group& group);

} // namespace interlink

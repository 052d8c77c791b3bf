// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the bytes of a module to bytes whose code takes part in the agreement protocol: a check in front of every use of
// the function table, waits and notifies that go to the process's own futex table, and a start function that the linker
// runs. No function index moves, and the operand stack stays as it was.
//
// In front of call_indirect, return_call_indirect, table.get and table.size on the function table stands
//
//   i32.const 0 ; i32.atomic.load <control memory> ; global.get $applied ; i32.ne
//   if ; i32.const 0 ; call_indirect <runtime table> (func) ; end
//
// Behind each global.set of the imported env.__stack_pointer, but for those that end a frame, stands
//
//   global.get $stack_pointer ; global.get $stack_low ; i32.lt_u
//   if ; unreachable ; end
//
// with `i32.sub ; i32.const 0 ; i32.lt_s` for a frame that is not known to be small, and the local that has the value
// for the stack pointer where there is one.
//
// A wait or notify becomes a call through the runtime table with the instruction's offset as one more argument; the
// host function makes the traps (alignment, bounds) that the instruction would.
#pragma once

#include "messages/error.hh"
#include "messages/module_info.hh"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "wasm/code_map.hh"
#include "wasm/instrumented_module.hh"

namespace interlink {

struct instrument_options {
  bool check = true;                                   ///< off: groups do not agree; for tests and measurements
  bool wait_notify = true;                             ///< off: waits stay in the engine, where nothing can end them
  std::optional<std::uint64_t> maximum_memory_bytes{}; ///< of each memory that the module defines
  /// The module's name in what comes out, by which a frame of a backtrace is known again. Empty: the original's.
  std::string module_name{};
};

/// Instruments the module in `bytes`, whose facts are `info`. The engine must have validated the original first: what
/// is appended could make an index valid that was not.
///
/// A module without dylink.0 gets no check and keeps its start section; only its waits are replaced, and the maximum of
/// its own memories is lowered. If there is nothing to do, the bytes come back as they are, with the name that they
/// have.
///
/// Left in the engine are waits on memories that are not shared: there its trap is the answer.
///
/// Errors: unsupported_module for legacy exceptions, names reserved for Interlink, guest writes to the function table,
/// waits on another shared memory than the program's (imported, or exported as "memory" by a module without dylink.0),
/// or on a 64-bit one, tables, memories or (with shared memory) active data segments of a module that has dylink.0;
/// each with the place and what to do. limit_exceeded for a body that grows beyond the engine's bound, and for a module
/// that has no room for what is appended (a hundred memories). Context: any thread.
result<instrumented_module> instrument(std::span<const std::byte> bytes, const module_info& info,
                                       const instrument_options& options = {});

} // namespace interlink

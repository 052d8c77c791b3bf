// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions that answer by who calls them. A library's imports of them are bound to thunks that tell the caller
// (wasm/thunk_module.hh); the main module's own calls tell nobody, and nobody means main.
#pragma once

#include "messages/module_info.hh"
#include "messages/wasm_types.hh"

#include <cstdint>
#include <optional>
#include <string_view>

namespace interlink {

/// Import module of the host functions that only the linker binds to; the instrumenter refuses it in guests
/// (`reserved::module_name` in wasm/reserved_names.hh is the same).
inline constexpr std::string_view reserved_module = "interlink";

/// Registrations of handlers that run when a library is closed or the program ends. Neither C library that guests use
/// keeps them by library (its `__cxa_finalize` is empty), so the host does: a library's import is bound to the host
/// function of this name in the reserved module, whatever the program's C library defines.
enum class registration : std::uint8_t {
  cxa_atexit,  ///< (function (i32) -> (), argument, address in the registering module) -> 0, or not
  atexit,      ///< (function () -> ()) -> 0, or not
  quick_exit,  ///< the same, for `quick_exit`
  thread_exit, ///< as cxa_atexit, when the calling thread ends
};

/// What a library's import of that name registers; nothing for other names.
std::optional<registration> find_registration(std::string_view name);

function_type type_of(registration kind);

/// The guest's C library calls it at exit with the number of a handler that the host keeps: (i32) -> ().
inline constexpr std::string_view run_exit_handler = "run_exit_handler";
/// `quick_exit` calls it once for each handler, newest first: () -> ().
inline constexpr std::string_view run_quick_exit_handler = "run_quick_exit_handler";

/// Both as imports of the reserved module: what their slots are known by.
const import_info& exit_handler_runner();
const import_info& quick_exit_handler_runner();

/// True for the functions of the `dlfcn.h` family whose answer depends on the caller, in the program's C library and in
/// the guest ABI alike.
bool asks_for_caller(std::string_view import_module, std::string_view name);

} // namespace interlink

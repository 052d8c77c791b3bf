// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What dlclose does: the two turns of a close with the destructors in between, on the thread of the group that closes.
// No turn is held while guest code runs. And what C libraries call at exit: the handlers of libraries.
#pragma once

#include "messages/error.hh"
#include "messages/ids.hh"

#include <cstdint>
#include <vector>

#include "loader/exit_handlers.hh"
#include "loader/loader_services.hh"

namespace interlink {

class instance_group;

/// Gives a handle back. When it was the last one, what nothing needs any more is unloaded: the handlers that the
/// library and the libraries it needs have registered run here, users before dependencies, each library's newest first;
/// then its memory, slots and thread-local blocks in every thread are free again. The main module's handle can be given
/// back any number of times. Errors: invalid_handle; what ends a thread or the process in a handler; guest_trapped when
/// an exception leaves one.
result<void> close_library(const loader_services& loader, instance_group& group, library_handle handle);

/// The first turn of that, or its equal without a turn when other handles are left: what is closing now, users first.
/// Errors: invalid_handle.
result<std::vector<module_id>> give_back_handle(instance_group& group, library_handle handle);

/// Registers a handler of a library: with the host, and for the exit with the program's C library. `mark` is an address
/// in the registering module's data, 0 when the registration has none; `caller` is whose import was called. True unless
/// the C library has no room, or nothing that runs the handlers of a thread's end.
/// Errors: what the C library's function raises.
result<bool> register_handler(const loader_services& loader, instance_group& group, registration kind, module_id caller,
                              table_index function, std::uint32_t argument, memory_address mark);

/// The program's C library has come to the entry of this handler. Nothing happens when a close has run it.
/// Errors: what the handler raises.
result<void> run_handler(const loader_services& loader, instance_group& group, handler_id handler);
result<void> run_next_quick_handler(const loader_services& loader, instance_group& group);

} // namespace interlink

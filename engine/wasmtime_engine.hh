// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The adapter of the engine port to Wasmtime, on its C API. No other part of Interlink knows Wasmtime.
//
// On are all standard proposals that guests can use: threads and shared memory, reference types, typed function
// references, GC, SIMD and relaxed SIMD, bulk memory, multi-value, multi-memory, memory64, tail calls and exceptions
// with exnref. Off are the legacy exception encoding (the engine has none), custom page sizes and stack switching.
//
// What a caller of the port should know of this adapter:
// - A slot that holds a reference has the engine's raw bits in `low` (0 is null). They mean something only in their
//   store; those of GC references (extern, any, exn) only until the store next runs a garbage collection.
// - The upper half of an i32 or f32 slot that the guest wrote is undefined: read it by `value_slot::i32()`.
// - Two handles of one function need not be equal: an instance that imports a function has its own reference to it.
// - A type that names another type by index cannot be made from outside a module: `make_function` returns the null
//   function for it, the other makers refuse; `type_of` shows such a reference as its abstract heap type.
// - A handle used with another store than its own ends the process: the engine checks it.
// - The first `store::backtrace` makes an instance of the adapter's own, which `instance_count` leaves out.
#pragma once

#include "engine/engine.hh"

namespace interlink::engine {

/// The engine compiles a module on threads of its own, one for each processor, which the first engine starts and all
/// others share. It ends the host when it cannot start them: try before, or choose `never`, where threads are short.
enum class parallel_compilation : bool { never, always };

/// Makes an engine. Several may exist; compiled modules and shared memories belong to the one that made them.
/// Errors: invalid_argument (stack size out of range), file_unreadable (the cache directory cannot be made or written).
/// Context: any thread.
result<engine_ptr> make_wasmtime_engine(const engine_options& options,
                                        parallel_compilation compilation = parallel_compilation::always);

/// Version of the engine's library that this adapter was built for, such as "50.0.1".
std::string_view wasmtime_version();

} // namespace interlink::engine

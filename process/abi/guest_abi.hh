// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest ABI: WASI preview 1 (and its older name wasi_unstable), wasi-threads, WASIX. Source of names, layouts and
// numbers: WASI preview 1 witx; wasi-threads; WASIX as its linker and libc use it.
#pragma once

#include "groups/group_store.hh"
#include "groups/host_registry.hh"

#include <memory>

namespace interlink::abi {

/// The guest ABI, overridden and extended by what the embedder gives.
std::shared_ptr<const host_registry> make_guest_abi(host_registry embedder_functions);

/// What instrumented code calls through the runtime table (wasm/reserved_names.hh has the slots): catch up, waits and
/// notifies, the first call of a lazy import.
const runtime_functions& runtime_calls();

/// An exception of the embedder's becomes a trap with its text, and reports see which function a group is in.
void guard_embedder_functions(host_registry& embedder_functions);

void add_wasi(host_registry& registry);
void add_closures(host_registry& registry);
void add_dynamic_calls(host_registry& registry);
void add_dynamic_linking(host_registry& registry);
void add_exit_handler_calls(host_registry& registry);
void add_threads(host_registry& registry);
void add_futexes(host_registry& registry);
void add_process(host_registry& registry);
void add_process_control(host_registry& registry);
void add_embedder_calls(host_registry& registry);
void add_reflection(host_registry& registry);

} // namespace interlink::abi

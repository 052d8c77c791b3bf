// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of memory that every group has for itself: one for the thread-local variables of each module that has any, and
// a scratch stack for open initialisers.
#pragma once

#include "messages/error.hh"
#include "messages/module_info.hh"

#include <cstdint>
#include <string_view>

namespace interlink {

/// Open start functions run on it, so that they cannot write over the red zone of the guest code that they interrupt.
/// Chosen because no linker emits deep start functions; a page would do for all that were seen.
inline constexpr std::uint64_t scratch_stack_bytes = std::uint64_t{16} << 10;
inline constexpr std::uint64_t scratch_stack_alignment = 16; // C ABI of wasm32

/// The module initialises a block of thread-local storage that it is given: it exports `__wasm_init_tls`, or the WASIX
/// libc's `__wasix_init_tls`, which asks the guest's allocator for the block and gets the reserved one.
bool initialises_tls(const module_info& info);

/// Every group reserves a block for the module.
bool has_tls_block(const module_info& info);

/// Bytes; a power of two.
std::uint64_t tls_block_alignment(const module_info& info);

/// The module has initialisers that only phase 2 of a catch up may run, on a scratch stack.
bool needs_scratch_stack(const module_info& info);

/// Errors: unsupported_module when the module has thread-local variables that other threads could not be given, or an
/// alignment that cannot be served.
result<void> check_tls(const module_info& info, std::string_view module_name, bool is_main);

/// The refusal of `check_tls`, also for a main module whose TLS symbols are used by others.
error tls_without_initialiser(std::string_view module_name);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every bound of the system, each with its unit and its reason. Bytes of a module are hostile until proven otherwise,
// so nothing is allocated from a count before the count was compared with one of these.
#pragma once

#include <cstddef>
#include <cstdint>

namespace interlink::limit {

// Modules. Counts follow the implementation limits of the WebAssembly JavaScript interface (which engines share)
// unless said otherwise.
inline constexpr std::size_t module_bytes = 1U << 30; ///< 1 GiB
inline constexpr std::size_t types = 1'000'000;
inline constexpr std::size_t functions = 1'000'000;
inline constexpr std::size_t imports = 1'000'000;
inline constexpr std::size_t exports = 1'000'000;
inline constexpr std::size_t globals = 1'000'000;
inline constexpr std::size_t tables = 100'000;
inline constexpr std::size_t memories = 100;
inline constexpr std::size_t tags = 1'000'000;
inline constexpr std::size_t data_segments = 100'000;
inline constexpr std::size_t element_segments = 10'000'000;
inline constexpr std::size_t table_elements = 10'000'000;
inline constexpr std::size_t function_body_bytes = 7'654'321;
inline constexpr std::size_t function_locals = 50'000;
inline constexpr std::size_t function_parameters = 1'000;
inline constexpr std::size_t function_results = 1'000;
inline constexpr std::size_t name_bytes = 100'000;
inline constexpr std::size_t block_depth = 100'000; ///< nesting that the instrumenter follows

// dylink.0. An alignment above the page size (2^16) is honoured by nobody else; 2^31 would overflow 32-bit addresses.
inline constexpr std::uint32_t memory_alignment_log2 = 16;
inline constexpr std::uint32_t table_alignment_log2 = 16;
inline constexpr std::size_t needed = 10'000;
inline constexpr std::size_t runtime_paths = 1'000;
inline constexpr std::size_t library_name_bytes = 4'096; ///< PATH_MAX of Linux
inline constexpr std::size_t symbol_name_bytes = name_bytes;

// Processes.
inline constexpr std::size_t groups = 4'096; ///< guest threads alive at once; each has a store
/// Of the function table: what dylink.0 of all modules asks for, and what addresses of functions take. Every group has
/// the whole table, at 8 bytes a slot: 8 MB, as much as a thread's stack, whatever a few bytes of dylink.0 say.
inline constexpr std::size_t function_table_slots = 1'000'000;
/// Types of a process's closures: each has compiled code, which stays. Chosen: more than the types of a large foreign
/// function interface.
inline constexpr std::size_t closure_types = 4'096;
/// Batches of trampolines whose records have room in the control memory: as many closures as there may be slots.
inline constexpr std::size_t closure_batches = 32'767;
inline constexpr std::size_t modules = 10'000;             ///< loaded at once
inline constexpr std::size_t missing_symbols_listed = 100; ///< in one error, then the count

} // namespace interlink::limit

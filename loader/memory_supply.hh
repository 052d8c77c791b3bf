// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory for the linker once the program runs: the linear memory grown, or a block of the guest's own allocator.
#pragma once

#include "linker/topology.hh"
#include "messages/error.hh"

#include <cstdint>

#include "loader/loader_services.hh"

namespace interlink {

class instance_group;

/// Grows the linear memory to `pages` if it is shorter. Errors: memory_exhausted, naming the maximum.
result<void> grow_memory(const program_facts& program, instance_group& group, std::uint64_t pages);

/// Turn until served: gives the arena a block from the guest's own allocator (`aligned_alloc` of the main module, or
/// memory.grow where the libc allows it). Errors: memory_exhausted; what the allocator raised.
result<void> supply_memory(const program_facts& program, instance_group& group, const needs_memory& needed);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs without dylink.0: a command or reactor with a memory of its own, or one that imports it (wasi-threads
// programs do, shared, under any name). Their plan has no numbers to choose.
#pragma once

#include "linker/host_catalog.hh"
#include "linker/memory_layout.hh"
#include "messages/error.hh"
#include "messages/link_plan.hh"

#include <memory>
#include <string>

#include "loader/module_cache.hh"

namespace interlink {

bool imports_memory(const module_info& info);

/// Errors: unsupported_module for two imported memories; memory_exhausted when a memory, imported or its own, is larger
/// from the start than the options allow.
result<main_layout> plan_static_layout(const module_info& info, const memory_options& options);

/// Every import is the memory, the table, or a host function. The plan lacks the module's code, so that a program that
/// cannot be linked need not be compiled.
/// Errors: unknown_import and symbol_type_mismatch, listing all.
result<std::shared_ptr<load_plan>> plan_static_program(module_info_ptr info, const std::string& name,
                                                       const host_catalog& catalog);

} // namespace interlink

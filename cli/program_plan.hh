// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan for loading a program with all it needs, made from facts alone: the same pure functions that a running
// program's coordinator calls, so the numbers are those of its first load. Nothing is compiled.
#pragma once

#include "cli/needed_tree.hh"
#include "linker/memory_layout.hh"
#include "messages/error.hh"

#include <optional>
#include <string>

namespace interlink::cli {

/// True for a module that can be a program: it has an entry, or the allocator that the linker asks a main module for.
bool is_main_module(const module_info& info);

/// Memory layout, modules with their bases, bindings and slots, TLS blocks, initialisers and constructors, as text.
/// Pre: nothing in `tree` is missing. Errors: those of layout and linking, as `run` reports them.
result<std::string> describe_program_plan(const needed_tree& tree, const memory_options& options);

/// Binds all imports of what the tree has, the first module as a program. Nothing when each has its definition.
/// Pre: nothing in `tree` is missing. The error: symbol_not_found with all undefined symbols; others as above.
std::optional<error> find_undefined(const needed_tree& tree, const memory_options& options);

} // namespace interlink::cli

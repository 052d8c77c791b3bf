// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `--stack-size` and `--max-memory`, which shape the memory of a program and hence every number of its plan.
#pragma once

#include "linker/memory_layout.hh"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace interlink::cli {

/// Sizes are bytes, or a number with KiB, MiB, GiB, or their short forms K, M, G.
void add_size_options(CLI::App& command, memory_options& options);

} // namespace interlink::cli

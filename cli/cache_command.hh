// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink cache`: tells of, verifies and removes the compiled modules that `interlink run` keeps. Uses no engine.
#pragma once

#include <string>

namespace interlink::cli {

/// The directory that an option `--wasm-cache` means; empty for none. `default` is $XDG_CACHE_HOME/interlink/wasm, else
/// ~/.cache/interlink/wasm.
std::string cache_directory_of(const std::string& choice);

/// As the command line says it. Context: immutable once parsed.
struct cache_options {
  std::string action = "show"; ///< show, verify or clean
  std::string cache = "default";
};

/// Prints to standard output. Returns 0, or 1 when the directory cannot be used or `verify` finds a damaged file.
int manage_cache(const cache_options& options);

} // namespace interlink::cli

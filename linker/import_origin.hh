// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recognises modules that were made for another host than a WASI system, by the names that they import. Such a module
// is well formed and cannot run here: its user has built it for the wrong target, and a list of missing functions does
// not say so.
#pragma once

#include "messages/error.hh"

#include <span>
#include <string>

namespace interlink {

/// For the imports that nobody provides: which toolchain made the module, whom it expects to provide them, and what to
/// build so that it runs. Empty when the names tell nothing. Sources: what wasm-bindgen 0.2, emcc 3 and 4, napi-rs and
/// emnapi, Go's js/wasm port, AssemblyScript, Kotlin and Dart write, and the names of WASI 0.2's interfaces.
std::string describe_origin(std::span<const missing_symbol> unknown_imports);

} // namespace interlink

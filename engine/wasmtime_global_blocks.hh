// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules that do nothing but define and export mutable i32 globals. An instance of one holds each in 16 bytes, where a
// global that the host makes takes more than 100; and a module's global offset table has hundreds. Private to the
// adapter.
#pragma once

#include <wasmtime.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace interlink::engine::wasmtime {

/// Compiled at first need, once per engine and size. Context: any thread.
class global_blocks {
public:
  static constexpr std::size_t most = 1024;

  global_blocks() = default;
  global_blocks(const global_blocks&) = delete;
  global_blocks& operator=(const global_blocks&) = delete;
  ~global_blocks();

  /// Makes `count` globals of value 0 in one instance; returns the first. Nothing when there are too few to be worth an
  /// instance, or when the engine does not make them as expected. Pre: count <= most.
  std::optional<wasmtime_global_t> make(wasmtime_context_t* store, wasm_engine_t* engine, std::size_t count) const;

  static wasmtime_global_t nth(wasmtime_global_t first, std::uint32_t place)
  {
    first.__private3 += place; // the engine numbers an instance's globals
    return first;
  }

private:
  const wasmtime_module_t* module_with(std::size_t count, wasm_engine_t* engine) const;

  static constexpr std::size_t least = 16;
  static constexpr std::size_t sizes = 7; ///< powers of two, so that few are ever compiled

  mutable std::array<std::atomic<wasmtime_module_t*>, sizes> modules_{};
};

} // namespace interlink::engine::wasmtime

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stores, compiled modules and shared memories of one engine have in common. Private to the adapter.
#pragma once

#include "engine/wasmtime_faults.hh"
#include "engine/wasmtime_function_types.hh"
#include "engine/wasmtime_global_blocks.hh"
#include "engine/wasmtime_types.hh"

#include <array>

namespace interlink::engine::wasmtime {

// Address space of a memory, and behind it, that faults instead of being checked. Source: the engine's own defaults for
// 64-bit hosts; a memory whose maximum is larger reserves that.
inline constexpr std::uint64_t memory_reservation_bytes = std::uint64_t{4} << 30;
inline constexpr std::uint64_t memory_guard_bytes = std::uint64_t{32} << 20;

/// The engine of the C API and what is made once for it. Outlives all that was made with it. Context: any thread.
struct engine_state {
  std::unique_ptr<wasm_engine_t, deleter<wasm_engine_delete>> handle;
  bool interruptible = false;

  /// Types of globals of numbers, by kind of value and mutability: a module has thousands of such globals.
  std::array<std::array<global_type_ptr, 2>, 5> number_globals;
  global_blocks blocks;
  function_types host_function_types; ///< after the engine, which outlives them
};

using engine_state_ptr = std::shared_ptr<const engine_state>;

/// Context: any thread; the engine's modules may be used from several at once.
class wasmtime_module final : public compiled_module {
public:
  wasmtime_module(engine_state_ptr owner, wasmtime_module_t* handle) : owner_(std::move(owner)), handle_(handle) {}

  const wasmtime_module_t* handle() const { return handle_.get(); }

  const engine_state* owner() const { return owner_.get(); }

private:
  engine_state_ptr owner_;
  std::unique_ptr<wasmtime_module_t, deleter<wasmtime_module_delete>> handle_;
};

/// Context: any thread. Growth is serialised by the engine.
class wasmtime_shared_memory final : public shared_memory {
public:
  /// Takes `handle`.
  wasmtime_shared_memory(engine_state_ptr owner, wasmtime_sharedmemory_t* handle);

  memory_type type() const override { return type_; }

  std::byte* data() const override { return data_; }

  std::size_t size_bytes() const override { return wasmtime_sharedmemory_data_size(handle_.get()); }

  result<std::uint64_t> grow(std::uint64_t delta_pages) override;

  wasmtime_sharedmemory_t* handle() const { return handle_.get(); }

  const engine_state* owner() const { return owner_.get(); }

private:
  engine_state_ptr owner_;
  std::unique_ptr<wasmtime_sharedmemory_t, deleter<wasmtime_sharedmemory_delete>> handle_;
  memory_type type_;
  std::byte* data_;
  hidden_faults hidden_faults_;
};

/// Errors: memory_exhausted, invalid_argument.
result<shared_memory_ptr> make_shared_memory(const engine_state_ptr& owner, const memory_type& type);

std::unique_ptr<store> make_store(const engine_state_ptr& owner, const store_limits& limits);

} // namespace interlink::engine::wasmtime

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The port to a wasm engine: compile, store, instantiate, function, table, global, tag, memory, call, trap, interrupt.
// One adapter exists (engine/wasmtime_engine.hh); simulations bring a fake one. The port is as small as linking allows:
// it knows no dylink, no guest ABI and no threads.
//
// Handles (`function`, `table`, ...) are plain values that mean something only with the store that made them; they
// live as long as that store. A store belongs to one thread at a time and may be handed from one thread to another
// between calls.
#pragma once

#include "messages/error.hh"
#include "messages/wasm_types.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace interlink::engine {

/// One wasm value of any type, untyped; 128 bits, little-endian. The reader knows the type, and reads a 32-bit value by
/// `i32()`: what a guest leaves above it is undefined.
struct value_slot {
  std::uint64_t low{};
  std::uint64_t high{};

  static value_slot of_i32(std::uint32_t value) { return {value, 0}; }

  static value_slot of_i64(std::uint64_t value) { return {value, 0}; }

  std::uint32_t i32() const { return static_cast<std::uint32_t>(low); }

  std::uint64_t i64() const { return low; }
};

/// An engine object inside a store. The bits are the adapter's own.
template <class Tag>
struct handle {
  std::array<std::uint64_t, 3> bits{};

  friend bool operator==(const handle&, const handle&) = default;
};

using function = handle<struct function_tag>; ///< all zero is the null function reference
using table = handle<struct table_tag>;
using global = handle<struct global_tag>;
using tag = handle<struct tag_tag>;
using memory = handle<struct memory_tag>;
using instance = handle<struct instance_tag>;

inline bool is_null(const function& f)
{
  return f == function{};
}

/// A linear memory that several stores share. Outlives every store that imports it, as long as someone holds it.
/// Context: any thread.
class shared_memory {
public:
  virtual ~shared_memory() = default;

  virtual memory_type type() const = 0;

  /// First byte; never moves.
  virtual std::byte* data() const = 0;

  /// Current length in bytes; lock-free, never shrinks.
  virtual std::size_t size_bytes() const = 0;

  /// Adds pages; returns the length before, in pages.
  /// Errors: memory_exhausted beyond the maximum or when the host has no memory.
  virtual result<std::uint64_t> grow(std::uint64_t delta_pages) = 0;
};

using shared_memory_ptr = std::shared_ptr<shared_memory>;

/// What an import is bound to, and what an export is.
using extern_value = std::variant<function, table, memory, global, tag, shared_memory_ptr>;

/// Compiled code, immutable, shared by all stores of its engine. Context: any thread.
class compiled_module {
public:
  virtual ~compiled_module() = default;
};

using compiled_module_ptr = std::shared_ptr<const compiled_module>;

class store;

/// A host function. Receives its arguments in `values[0..]` and leaves its results there; there are as many slots as
/// the larger of the two counts. An error unwinds the guest: it comes out, unchanged, of the `store::call` or
/// `store::instantiate` that entered the guest. A guest_threw that a call made here answered, handed on as it is,
/// throws the exception again into the guest that called, so that exceptions cross host functions. May use the store
/// it was called from in every way (instantiate, grow, set, call). Must not throw.
/// Context: the thread that runs the store.
using host_function = std::function<result<void>(store& caller, std::span<value_slot> values)>;

/// Bounds of one store. The engine's default of 10,000 instances is too low: failed loads leave instances behind.
struct store_limits {
  std::uint64_t table_elements = 10'000'000;
  std::uint64_t instances = 10'000'000;
  std::uint64_t tables = 10'000'000;
  std::uint64_t memories = 10'000'000;
  std::uint64_t memory_bytes = std::uint64_t{1} << 33; ///< of each memory that is the store's own, exceptions' heap too
};

/// The engine's unit of isolation: instances, tables, globals. Context: one thread at a time.
class store {
public:
  virtual ~store() = default;

  /// A pointer for the owner's use; host functions find their group by it.
  void* owner = nullptr;

  /// Instantiates; `imports` match the module's imports in number and order.
  /// A start function still in the module runs here; the linker's modules have none (the instrumenter takes it away).
  /// Errors: engine_refused with the engine's text (type mismatch, out of resources); guest_trapped and what a host
  /// function returned, from an active segment or start function.
  virtual result<instance> instantiate(const compiled_module& module, std::span<const extern_value> imports) = 0;

  /// Instances made in this store so far, dead ones included (the engine keeps an instance as long as its store).
  virtual std::uint64_t instance_count() const = 0;

  virtual std::optional<extern_value> find_export(const instance& from, std::string_view name) = 0;

  /// The null function when the type names a module's own types, which the host cannot say.
  virtual function make_function(const function_type& type, host_function body) = 0;
  /// Errors: engine_refused. New elements are null.
  virtual result<table> make_table(const table_type& type) = 0;
  virtual result<global> make_global(const global_type& type, value_slot initial) = 0;
  /// Mutable i32 globals with these values, in this order: many at once, as a global offset table wants them, take less
  /// memory and time. Errors: engine_refused.
  virtual result<std::vector<global>> make_i32_globals(std::span<const std::uint32_t> initial) = 0;
  virtual result<tag> make_tag(const tag_type& type) = 0;
  /// A memory of this store alone. Errors: memory_exhausted, engine_refused, invalid_argument (minimum above maximum).
  virtual result<memory> make_memory(const memory_type& type) = 0;

  virtual std::uint64_t table_size(const table& of) = 0;
  /// Null function beyond the end as well as for a null element.
  virtual function table_get(const table& of, std::uint64_t index) = 0;
  /// Errors: engine_refused when the index is beyond the end.
  virtual result<void> table_set(const table& of, std::uint64_t index, const function& value) = 0;
  /// Errors: table_exhausted at the maximum. Returns the size before.
  virtual result<std::uint64_t> table_grow(const table& of, std::uint64_t delta) = 0;

  virtual value_slot global_get(const global& of) = 0;
  /// An immutable global keeps its value.
  virtual void global_set(const global& of, value_slot value) = 0;

  virtual std::span<std::byte> memory_data(const memory& of) = 0;
  virtual result<std::uint64_t> memory_grow(const memory& of, std::uint64_t delta_pages) = 0;

  /// References to a module's own types come back as their abstract heap type.
  virtual function_type type_of(const function& of) = 0;

  /// Calls a guest or host function; results replace the arguments in `values`, which has as many slots as the larger
  /// of both counts. Every argument must have the function's parameter types (the caller has checked them).
  /// Errors: guest_trapped and, when an exception leaves the guest, guest_threw, with the trap record; whatever error a
  /// host function on the way returned, unchanged (with the backtrace added to `detail().trap` if it has none, but not
  /// to guest_exited, thread_exited, stopping and cancelled); stopping with the trap record when the guest was
  /// interrupted; invalid_argument for the null function.
  virtual result<void> call(const function& callee, std::span<value_slot> values) = 0;

  /// Guest frames of the calls now under way in this store, innermost first. From a host function; empty elsewhere.
  virtual std::vector<guest_frame> backtrace() = 0;

  /// `read` sees each frame before it is told to anybody: the engine knows the bytes that it was given, and its owner
  /// where they came from. `read` must neither throw nor use the store.
  virtual void set_frame_reader(std::function<void(guest_frame&)> read) = 0;

  /// `is_due` is asked in the midst of guest code when the epoch has advanced: true ends the guest with errc::stopping,
  /// false lets it go on. A store without it takes no notice of epochs. An epoch that comes while the question of the
  /// one before is being answered may be missed: who wants the end of a guest advances the epoch until it has come.
  /// Only with `engine_options::interruptible`. `is_due` must neither throw nor use the store.
  virtual void set_interrupt(std::function<bool()> is_due) = 0;
};

struct engine_options {
  /// Directory of the on-disk cache of compiled code; empty for none. Made when missing.
  std::string cache_directory;
  /// Code checks an epoch at function entries and loop heads, so that a computing guest can be stopped. Measured: lua
  /// takes 1.25 times as long.
  bool interruptible = false;
  /// Bytes of host stack that guest code may use on each thread, 16 KiB to 4 GiB; the thread's own stack must be at
  /// least 256 KiB larger.
  std::size_t guest_stack_bytes = 1U << 20;
};

/// Compiles and makes stores. Context: any thread.
class engine {
public:
  virtual ~engine() = default;

  /// Validates without compiling. Errors: malformed_module with the engine's text.
  virtual result<void> validate(std::span<const std::byte> bytes) = 0;

  /// Validates and compiles. Errors: malformed_module, unsupported_module (legacy exceptions), engine_refused.
  virtual result<compiled_module_ptr> compile(std::span<const std::byte> bytes) = 0;

  /// Errors: memory_exhausted, invalid_argument (not shared, no maximum).
  virtual result<shared_memory_ptr> make_shared_memory(const memory_type& type) = 0;

  virtual result<std::unique_ptr<store>> make_store(const store_limits& limits) = 0;

  /// Whether it was made with `engine_options::interruptible`.
  virtual bool is_interruptible() const { return false; }

  /// Advances the epoch: every store that runs guest code asks whether it is to end. Async-signal-safe.
  virtual void increment_epoch() = 0;
};

using engine_ptr = std::shared_ptr<engine>;

} // namespace interlink::engine

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A store on the C API. Private to the adapter.
//
// How a failure crosses the engine. A host function that fails leaves its error in `raised_` and returns a trap that
// says nothing; the engine unwinds the guest up to the innermost entry (`call` or `instantiate`), which takes the error
// out of `raised_` before any other code of the store runs. So one place is enough however deep the entries are nested:
// each takes what its own guest raised, and the host function that made the entry decides what to do with it.
//
// How an exception crosses a host function. An entry that a wasm exception leaves takes the exception out of the
// engine, keeps it rooted in `thrown_` and answers guest_threw. A host function that hands on that very error throws
// the kept exception into the guest that called it, so that a guest's catch works across the host frame.
#pragma once

#include "engine/wasmtime_objects.hh"

namespace interlink::engine::wasmtime {

class wasmtime_store final : public store {
public:
  wasmtime_store(engine_state_ptr engine, const store_limits& limits);
  ~wasmtime_store() override;
  wasmtime_store(const wasmtime_store&) = delete;
  wasmtime_store& operator=(const wasmtime_store&) = delete;

  result<instance> instantiate(const compiled_module& module, std::span<const extern_value> imports) override;

  std::uint64_t instance_count() const override { return instance_count_; }

  std::optional<extern_value> find_export(const instance& from, std::string_view name) override;

  function make_function(const function_type& type, host_function body) override;
  result<table> make_table(const table_type& type) override;
  result<global> make_global(const global_type& type, value_slot initial) override;
  result<std::vector<global>> make_i32_globals(std::span<const std::uint32_t> initial) override;
  result<tag> make_tag(const tag_type& type) override;
  result<memory> make_memory(const memory_type& type) override;

  std::uint64_t table_size(const table& of) override;
  function table_get(const table& of, std::uint64_t index) override;
  result<void> table_set(const table& of, std::uint64_t index, const function& value) override;
  result<std::uint64_t> table_grow(const table& of, std::uint64_t delta) override;

  value_slot global_get(const global& of) override;
  void global_set(const global& of, value_slot value) override;

  std::span<std::byte> memory_data(const memory& of) override;
  result<std::uint64_t> memory_grow(const memory& of, std::uint64_t delta_pages) override;

  function_type type_of(const function& of) override;

  result<void> call(const function& callee, std::span<value_slot> values) override;
  std::vector<guest_frame> backtrace() override;

  void set_frame_reader(std::function<void(guest_frame&)> read) override { frame_reader_ = std::move(read); }

  void set_interrupt(std::function<bool()> is_due) override { is_interrupt_due_ = std::move(is_due); }

  /// Keeps a host function's error for the entry that the guest came in by; returns the trap that unwinds the guest.
  wasm_trap_t* raise(error failure);

  /// Null to let the guest go on after an epoch has passed; else what unwinds it.
  wasmtime_error_t* answer_epoch();

private:
  /// An exception that left the guest, and the error that stands for it.
  struct thrown_exception {
    error report;
    wasmtime_exnref_t exception;
  };

  result<wasmtime_extern_t> to_extern(const extern_value& value, std::size_t position) const;
  extern_value to_value_of(wasmtime_extern_t& item);
  std::vector<guest_frame> read(std::vector<guest_frame> frames) const;
  error with_frames(const error& failure, const wasmtime_error_t& unwinding) const;
  error entry_error(wasmtime_error_t* failure, wasm_trap_t* trap);
  error thrown_error(std::vector<guest_frame> frames);
  std::optional<std::uint32_t> payload_of(const wasmtime_exnref_t& exception);
  wasmtime_exnref_t take_exception();
  void forget_thrown();
  wasmtime_func_t make_probe();

  engine_state_ptr engine_;
  std::unique_ptr<wasmtime_store_t, deleter<wasmtime_store_delete>> handle_;
  wasmtime_context_t* context_;
  store_limits limits_;
  std::uint64_t instance_count_ = 0;
  std::function<bool()> is_interrupt_due_;         ///< empty: no epoch ends the guest
  std::function<void(guest_frame&)> frame_reader_; ///< empty: frames are told as the engine has them
  std::optional<error> raised_;
  std::optional<thrown_exception> thrown_;
  std::optional<wasmtime_func_t> exception_taker_; ///< made at the first exception that leaves the guest
  wasmtime_exnref_t* taken_ = nullptr;             ///< where the taker puts the exception
  std::optional<wasmtime_func_t> probe_; ///< made at the first backtrace; null when the engine had no room for it
};

} // namespace interlink::engine::wasmtime

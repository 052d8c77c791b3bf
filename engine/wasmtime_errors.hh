// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Owners of the C API's objects, and its errors and traps turned into ours. Private to the adapter.
#pragma once

#include "messages/error.hh"

#include <wasmtime.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace interlink::engine::wasmtime {

template <auto Delete>
struct deleter {
  template <class Object>
  void operator()(Object* object) const
  {
    Delete(object);
  }
};

using error_ptr = std::unique_ptr<wasmtime_error_t, deleter<wasmtime_error_delete>>;
using trap_ptr = std::unique_ptr<wasm_trap_t, deleter<wasm_trap_delete>>;

/// The text that the engine renders an error or trap to.
std::string rendered(const wasmtime_error_t& failure);
std::string rendered(const wasm_trap_t& trap);

/// The engine's rendering, which has one cause a line and may start with a backtrace, as one paragraph: context first,
/// then the causes, without the backtrace.
std::string one_paragraph(std::string_view rendering);

/// Guest frames at the point of failure, innermost first.
std::vector<guest_frame> frames_of(const wasmtime_error_t& failure);
std::vector<guest_frame> frames_of(const wasm_trap_t& trap);

/// A trap of the guest: guest_trapped.
error trap_error(const wasm_trap_t& trap, std::vector<guest_frame> frames);

/// The module's bytes were refused: malformed_module with the offset, or unsupported_module with what to do.
error validation_error(const wasmtime_error_t& failure);

/// Any other refusal, with the engine's text.
error refusal(errc code, std::string_view what, const wasmtime_error_t& failure);

} // namespace interlink::engine::wasmtime

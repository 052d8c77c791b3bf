// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/engine/wat.hh"

#include <gtest/gtest.h>
#include <wasmtime.h>

#include <string>

namespace interlink::engine {

std::vector<std::byte> wat(std::string_view text)
{
  wasm_byte_vec_t made{};
  auto* failure = wasmtime_wat2wasm(text.data(), text.size(), &made);
  if (failure != nullptr) {
    wasm_name_t message{};
    wasmtime_error_message(failure, &message);
    ADD_FAILURE() << std::string(message.data, message.size);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(failure);
    return {};
  }
  const auto* first = reinterpret_cast<const std::byte*>(made.data);
  std::vector<std::byte> bytes(first, first + made.size);
  wasm_byte_vec_delete(&made);
  return bytes;
}

} // namespace interlink::engine

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/wasmtime_objects.hh"

#include <algorithm>

namespace interlink::engine::wasmtime {

namespace {

memory_type type_of(const wasmtime_sharedmemory_t* handle)
{
  memory_type_ptr type(wasmtime_sharedmemory_type(handle));
  return from_wasm(*type);
}

std::uint64_t reserved_bytes(const memory_type& type)
{
  return std::max(memory_reservation_bytes, *type.size.maximum << type.page_size_log2) + memory_guard_bytes;
}

} // namespace

wasmtime_shared_memory::wasmtime_shared_memory(engine_state_ptr owner, wasmtime_sharedmemory_t* handle)
    : owner_(std::move(owner)),
      handle_(handle),
      type_(type_of(handle)),
      // The engine reserves the whole maximum of a shared memory, so its first byte never moves.
      data_(reinterpret_cast<std::byte*>(wasmtime_sharedmemory_data(handle))),
      hidden_faults_(data_, reserved_bytes(type_))
{
}

result<std::uint64_t> wasmtime_shared_memory::grow(std::uint64_t delta_pages)
{
  std::uint64_t before = 0;
  error_ptr failure(wasmtime_sharedmemory_grow(handle_.get(), delta_pages, &before));
  if (!failure) {
    return before;
  }
  auto now = wasmtime_sharedmemory_size(handle_.get());
  auto maximum = type_.size.maximum.value_or(now);
  auto text = "shared memory of " + std::to_string(now) + " pages cannot grow by " + std::to_string(delta_pages);
  error_detail detail;
  if (delta_pages > maximum - now) {
    detail.message = text + ": its maximum is " + std::to_string(maximum) + " pages";
    detail.remedy = "make the memory with a larger maximum";
  } else {
    detail.message =
        text + " below its maximum of " + std::to_string(maximum) + " pages: " + one_paragraph(rendered(*failure));
  }
  return fail(error(errc::memory_exhausted, std::move(detail)));
}

result<shared_memory_ptr> make_shared_memory(const engine_state_ptr& owner, const memory_type& type)
{
  if (!type.is_shared || !type.size.maximum) {
    return fail(errc::invalid_argument,
                "memory type " + to_string(extern_type(type)) +
                    (type.is_shared ? " has no maximum; a shared memory needs one" : " is not shared"));
  }
  auto wasm_type = to_wasm(type);
  if (!wasm_type) {
    return fail(wasm_type.error());
  }
  wasmtime_sharedmemory_t* handle = nullptr;
  error_ptr failure(wasmtime_sharedmemory_new(owner->handle.get(), wasm_type->get(), &handle));
  if (failure) {
    error_detail detail;
    detail.message = "the host has no room for the " + to_string(extern_type(type));
    detail.remedy =
        "allow more address space (ulimit -v): the memory reserves " + std::to_string(reserved_bytes(type)) +
        " bytes of it, which cost nothing until they are used; the engine says: " + one_paragraph(rendered(*failure));
    return fail(error(errc::memory_exhausted, std::move(detail)));
  }
  return std::make_shared<wasmtime_shared_memory>(owner, handle);
}

} // namespace interlink::engine::wasmtime

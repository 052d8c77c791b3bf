// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/wasmtime_global_blocks.hh"

#include "engine/wasmtime_errors.hh"

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace interlink::engine::wasmtime {

namespace {

using bytes = std::vector<std::uint8_t>;

void append_u32(bytes& out, std::size_t value)
{
  for (; value >= 0x80; value >>= 7) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

void append_section(bytes& out, std::uint8_t id, const bytes& content)
{
  out.push_back(id);
  append_u32(out, content.size());
  out.insert(out.end(), content.begin(), content.end());
}

bytes write_module(std::size_t count)
{
  constexpr std::array<std::uint8_t, 5> zero{0x7f, 0x01, 0x41, 0x00, 0x0b}; // i32, mutable, i32.const 0, end
  constexpr std::uint8_t kind_global = 3;
  bytes globals;
  bytes exports;
  append_u32(globals, count);
  append_u32(exports, count);
  for (std::size_t i = 0; i < count; ++i) {
    globals.insert(globals.end(), zero.begin(), zero.end());
    const std::string name = std::to_string(i);
    append_u32(exports, name.size());
    exports.insert(exports.end(), name.begin(), name.end());
    exports.push_back(kind_global);
    append_u32(exports, i);
  }
  constexpr std::uint8_t section_global = 6;
  constexpr std::uint8_t section_export = 7;
  bytes module{0, 'a', 's', 'm', 1, 0, 0, 0};
  append_section(module, section_global, globals);
  append_section(module, section_export, exports);
  return module;
}

} // namespace

global_blocks::~global_blocks()
{
  for (auto& module : modules_) {
    if (auto* made = module.load(std::memory_order_relaxed)) {
      wasmtime_module_delete(made);
    }
  }
}

std::optional<wasmtime_global_t> global_blocks::make(wasmtime_context_t* store, wasm_engine_t* engine,
                                                     std::size_t count) const
{
  const wasmtime_module_t* module = count < least ? nullptr : module_with(count, engine);
  if (module == nullptr) {
    return std::nullopt;
  }
  wasmtime_instance_t instance{};
  wasm_trap_t* trap = nullptr; // there is no code that could
  if (const error_ptr failure{wasmtime_instance_new(store, module, nullptr, 0, &instance, &trap)}) {
    return std::nullopt;
  }
  // To ask for each by its name would cost more than all the rest: only the last is asked for, to see that the numbers
  // are as expected.
  const std::string last_name = std::to_string(count - 1);
  wasmtime_extern_t first{};
  wasmtime_extern_t last{};
  if (!wasmtime_instance_export_get(store, &instance, "0", 1, &first) ||
      !wasmtime_instance_export_get(store, &instance, last_name.data(), last_name.size(), &last)) {
    return std::nullopt;
  }
  const wasmtime_global_t expected = nth(first.of.global, static_cast<std::uint32_t>(count - 1));
  const bool is_as_expected =
      last.of.global.store_id == expected.store_id && last.of.global.__private1 == expected.__private1 &&
      last.of.global.__private2 == expected.__private2 && last.of.global.__private3 == expected.__private3;
  return is_as_expected ? std::optional(first.of.global) : std::nullopt;
}

const wasmtime_module_t* global_blocks::module_with(std::size_t count, wasm_engine_t* engine) const
{
  const std::size_t size = std::bit_ceil(count);
  auto& module = modules_[static_cast<std::size_t>(std::countr_zero(size / least))];
  if (auto* made = module.load(std::memory_order_acquire)) {
    return made;
  }
  const bytes written = write_module(size);
  wasmtime_module_t* made = nullptr;
  if (const error_ptr failure{wasmtime_module_new(engine, written.data(), written.size(), &made)}) {
    return nullptr;
  }
  wasmtime_module_t* other = nullptr;
  if (module.compare_exchange_strong(other, made, std::memory_order_acq_rel)) {
    return made;
  }
  wasmtime_module_delete(made); // another thread was faster
  return other;
}

} // namespace interlink::engine::wasmtime

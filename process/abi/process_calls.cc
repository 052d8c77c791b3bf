// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of `wasix_32v1` about the process: exit, current directory, signals.
#include "groups/instance_group.hh"
#include "messages/limits.hh"

#include <array>
#include <bit>
#include <string>

#include "process/abi/blocking.hh"
#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/process_core.hh"

namespace interlink::abi {

namespace {

/// What a leaf function may use below its stack pointer. Source: C ABI of wasm32 (LLVM's red zone).
constexpr std::uint32_t red_zone_bytes = 128;

/// The number that wasix-libc has for its main thread.
constexpr std::uint32_t main_thread_of_libc = 0x3fffffff;

std::unexpected<error> exit_with(std::uint32_t code)
{
  error_detail detail;
  detail.exit_code = code;
  return fail(error(errc::guest_exited, std::move(detail)));
}

result<void> proc_exit2(instance_group&, values arguments)
{
  return exit_with(arguments[0].i32());
}

result<void> getcwd(instance_group& group, values arguments)
{
  const wasi::guest_memory memory = group.memory();
  const auto capacity = memory.load<std::uint32_t>(arguments[1].i32());
  if (!capacity) {
    return answer(arguments, errno_memviolation);
  }
  const std::string directory = process_of(group).wasi_system->current_directory();
  if (directory.size() <= *capacity && !memory.contains(arguments[0].i32(), directory.size())) {
    return answer(arguments, errno_memviolation);
  }
  // The length is reported also when the buffer is too short, so that the guest can try again.
  static_cast<void>(memory.store<std::uint32_t>(arguments[1].i32(), static_cast<std::uint32_t>(directory.size())));
  if (directory.size() > *capacity) {
    return answer(arguments, errno_code::overflow);
  }
  static_cast<void>(memory.store_bytes(arguments[0].i32(), std::as_bytes(std::span(directory))));
  if (directory.size() < *capacity) {
    static_cast<void>(memory.store<std::uint8_t>(arguments[0].i32() + static_cast<std::uint32_t>(directory.size()), 0));
  }
  return answer(arguments, errno_code::success);
}

result<void> chdir(instance_group& group, values arguments)
{
  if (arguments[1].i32() > limit::library_name_bytes) {
    return answer(arguments, errno_code::nametoolong);
  }
  const auto path = group.memory().load_string(arguments[0].i32(), arguments[1].i32());
  if (!path) {
    return answer(arguments, errno_memviolation);
  }
  const wasi::outcome changed = process_of(group).wasi_system->change_directory(*path);
  return answer(arguments, changed.code());
}

/// One for each signal: a WASIX C library takes default actions only where it is told of some.
result<void> proc_signals_sizes_get(instance_group& group, values arguments)
{
  const wasi::outcome stored = group.memory().store<std::uint32_t>(arguments[0].i32(), signal_max);
  return answer(arguments, stored.is_success() ? errno_code::success : errno_memviolation);
}

/// Each is two bytes: the signal's number, then 0 for its default or 1 for ignored. Source: WASIX, signal_disposition.
result<void> proc_signals_get(instance_group& group, values arguments)
{
  std::array<std::byte, std::size_t{2} * signal_max> dispositions{};
  for (std::uint32_t signal = 1; signal <= signal_max; ++signal) {
    dispositions[2 * signal - 2] = static_cast<std::byte>(signal);
    dispositions[2 * signal - 1] = static_cast<std::byte>(process_of(group).ignored_signals >> signal & 1U);
  }
  const wasi::outcome stored = group.memory().store_bytes(arguments[0].i32(), dispositions);
  return answer(arguments, stored.is_success() ? errno_code::success : errno_memviolation);
}

/// Names the export that handles signals, in every thread. Source: WASIX, default `__wasm_signal`.
result<void> callback_signal(instance_group& group, values arguments)
{
  const auto name = arguments[1].i32() <= limit::symbol_name_bytes
                        ? group.memory().load_string(arguments[0].i32(), arguments[1].i32())
                        : wasi::expected<std::string>{};
  if (name && !name->empty()) {
    process_of(group).set_signal_handler(*name);
  }
  return {};
}

result<void> thread_signal(instance_group& group, values arguments)
{
  const std::uint32_t signal = arguments[1].i32();
  if (signal > signal_max) {
    return answer(arguments, errno_code::inval);
  }
  const group_id thread{arguments[0].i32() == main_thread_of_libc ? first_group.value : arguments[0].i32()};
  {
    const blocking_call delivering(group, "thread_signal"); // what it sends itself, the thread takes at its return
    if (!process_of(group).signal_thread(thread, signal)) {
      return answer(arguments, errno_code::srch);
    }
  }
  static_cast<void>(answer(arguments, errno_code::success));
  return after_blocking(group);
}

} // namespace

result<void> after_blocking(instance_group& group)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return caught_up;
  }
  std::uint32_t pending = group.pending_signals.exchange(0, std::memory_order_acq_rel);
  while (pending != 0) {
    const auto signal = static_cast<std::uint32_t>(std::countr_zero(pending));
    pending &= pending - 1;
    group.events().write({.subject = signal, .kind = event_kind::signal});
    const std::string handler = process_of(group).signal_handler();
    const auto function = handler.empty() ? std::nullopt : group.store().find_function(main_module, handler);
    if (!function) {
      // Sent while there was a handler, which the guest has renamed since.
      if (is_deadly(signal)) {
        process_of(group).end({128 + signal, std::nullopt, signal});
        return fail(errc::stopping, "the process is ending");
      }
      continue;
    }
    if (group.store().store().type_of(*function) != function_type{{wasm::i32}, {}}) {
      return fail(errc::symbol_type_mismatch, "signal handler " + handler + " must have type (func (param i32))");
    }
    // A wait is an instruction to the compiler, no call: a leaf may keep data below its stack pointer across it.
    const std::optional<std::uint32_t> interrupted = group.store().stack_pointer();
    if (interrupted && *interrupted > red_zone_bytes) {
      group.store().set_stack_pointer((*interrupted - red_zone_bytes) & ~15U);
    }
    std::array<engine::value_slot, 1> argument{engine::value_slot::of_i32(signal)};
    auto called = group.call(*function, argument);
    if (interrupted) {
      group.store().set_stack_pointer(*interrupted);
    }
    if (!called) {
      return called;
    }
  }
  return {};
}

void add_process(host_registry& registry)
{
  registry.add("wasix_32v1", "proc_exit2", {{wasm::i32}, {}}, proc_exit2);
  registry.add("wasix_32v1", "getcwd", errno_function(2), getcwd);
  registry.add("wasix_32v1", "chdir", errno_function(2), chdir);
  registry.add("wasix_32v1", "proc_signals_sizes_get", errno_function(1), proc_signals_sizes_get);
  registry.add("wasix_32v1", "proc_signals_get", errno_function(1), proc_signals_get);
  registry.add("wasix_32v1", "callback_signal", {{wasm::i32, wasm::i32}, {}}, callback_signal);
  registry.add("wasix_32v1", "thread_signal", errno_function(2), thread_signal);
}

} // namespace interlink::abi

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

/// Highest signal number of WASI. Source: preview 1, `signal`.
constexpr std::uint32_t signal_max = 31;

/// What a leaf function may use below its stack pointer. Source: C ABI of wasm32 (LLVM's red zone).
constexpr std::uint32_t red_zone_bytes = 128;

std::unexpected<error> exit_with(std::uint32_t code)
{
  error_detail detail;
  detail.exit_code = code;
  return fail(error(errc::guest_exited, std::move(detail)));
}

/// What a signal without handler does to a process. Source: POSIX default actions, with WASI's numbers.
bool is_deadly(std::uint32_t signal)
{
  constexpr std::uint32_t ignored_or_stopping = 1U << 16 /* chld */ | 1U << 17 /* cont */ | 1U << 18 /* stop */ |
                                                1U << 19 /* tstp */ | 1U << 20 /* ttin */
                                                | 1U << 21 /* ttou */ | 1U << 22 /* urg */ | 1U << 27 /* winch */;
  return signal != 0 && (ignored_or_stopping >> signal & 1U) == 0;
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

/// No signal dispositions are inherited from the host.
result<void> proc_signals_sizes_get(instance_group& group, values arguments)
{
  const wasi::outcome stored = group.memory().store<std::uint32_t>(arguments[0].i32(), 0);
  return answer(arguments, stored.is_success() ? errno_code::success : errno_memviolation);
}

result<void> proc_signals_get(instance_group&, values arguments)
{
  return answer(arguments, errno_code::success);
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
  if (!process_of(group).threads.signal(group_id{arguments[0].i32()}, signal)) {
    return answer(arguments, errno_code::srch);
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
    const std::string handler = process_of(group).signal_handler();
    const auto function = handler.empty() ? std::nullopt : group.store().find_function(main_module, handler);
    if (!function) {
      if (is_deadly(signal)) {
        return exit_with(128 + signal);
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

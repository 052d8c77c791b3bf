// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of `wasix_32v1` about processes: numbers, ends, signals, and programs that a guest starts.
#include "groups/instance_group.hh"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include "process/abi/blocking.hh"
#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/process_core.hh"
#include "process/program_start.hh"

namespace interlink::abi {

namespace {

// A program starts with at most so many bytes of arguments, and as many of environment. Source: Linux, ARG_MAX.
constexpr std::uint32_t strings_bytes_max = 2U << 20;

/// A guest's string and its length.
struct text_argument {
  std::uint32_t address;
  std::uint32_t length;
};

std::unexpected<errno_code> refused(errno_code code)
{
  return std::unexpected(code);
}

std::expected<std::string, errno_code> load_text(const wasi::guest_memory& memory, text_argument from,
                                                 std::uint32_t longest)
{
  if (!memory.contains(from.address, from.length)) {
    return refused(errno_memviolation);
  }
  if (from.length > longest) {
    return refused(errno_code::too_big);
  }
  auto text = memory.load_string(from.address, from.length);
  return text ? std::expected<std::string, errno_code>(std::move(*text)) : refused(errno_memviolation);
}

/// Names and paths to a program's file.
std::expected<std::string, errno_code> load_name(const wasi::guest_memory& memory, text_argument from)
{
  auto name = load_text(memory, from, wasi::bound::path_bytes - 1);
  return !name && name.error() == errno_code::too_big ? refused(errno_code::nametoolong) : name;
}

std::expected<program_start, errno_code> load_start(const wasi::guest_memory& memory, text_argument name,
                                                    text_argument arguments, text_argument environment,
                                                    bool has_environment, bool searches, text_argument path)
{
  program_start start;
  auto file = load_name(memory, name);
  if (!file) {
    return refused(file.error());
  }
  const auto words = load_text(memory, arguments, strings_bytes_max);
  if (!words) {
    return refused(words.error());
  }
  start.name = std::move(*file);
  start.arguments = split_strings(*words);
  if (has_environment) {
    const auto variables = load_text(memory, environment, strings_bytes_max);
    if (!variables) {
      return refused(variables.error());
    }
    start.environment = split_strings(*variables);
  }
  if (searches) {
    auto directories = load_text(memory, path, strings_bytes_max);
    if (!directories) {
      return refused(directories.error());
    }
    start.search_path = std::move(*directories);
  }
  return start;
}

result<void> proc_id(instance_group& group, values arguments)
{
  const auto stored = group.memory().store<std::uint32_t>(arguments[0].i32(), process_of(group).number);
  return answer(arguments, stored.is_success() ? errno_code::success : errno_memviolation);
}

result<void> proc_parent(instance_group& group, values arguments)
{
  const auto parent = process_of(group).family->parent_of(arguments[0].i32());
  if (!parent) {
    return answer(arguments, errno_code::srch);
  }
  const auto stored = group.memory().store<std::uint32_t>(arguments[1].i32(), *parent);
  return answer(arguments, stored.is_success() ? errno_code::success : errno_memviolation);
}

// Of option_pid: the tag 0, the number 4. Of join_status: the kind 0, and at 2 the exit code, or exit code and signal.
constexpr std::uint32_t option_pid_bytes = 8;
constexpr std::uint32_t join_status_bytes = 6;
enum class join_kind : std::uint8_t { nothing = 0, exited = 1, signalled = 2 };

void store_end(const wasi::guest_memory& memory, std::uint32_t at, const process_end& end)
{
  const auto kind = end.signal != 0 ? join_kind::signalled : join_kind::exited;
  static_cast<void>(memory.store(at, static_cast<std::uint8_t>(kind)));
  static_cast<void>(memory.store(at + 2, static_cast<std::uint16_t>(end.exit_code)));
  if (end.signal != 0) {
    static_cast<void>(memory.store(at + 4, static_cast<std::uint8_t>(end.signal)));
  }
}

result<void> proc_join(instance_group& group, values arguments)
{
  constexpr std::uint32_t without_waiting = 1;
  constexpr std::uint32_t known_flags = 3; // the second asks for stopped processes, and none is
  const wasi::guest_memory memory = group.memory();
  const std::uint32_t option = arguments[0].i32();
  const std::uint32_t flags = arguments[1].i32();
  const std::uint32_t status = arguments[2].i32();
  if (!memory.contains(option, option_pid_bytes) || !memory.contains(status, join_status_bytes)) {
    return answer(arguments, errno_memviolation);
  }
  if ((flags & ~known_flags) != 0) {
    return answer(arguments, errno_code::inval);
  }
  const auto tag = memory.load<std::uint8_t>(option);
  const auto wanted = memory.load<std::uint32_t>(option + 4);
  const bool waits = (flags & without_waiting) == 0;
  process_core& process = process_of(group);
  joined_child joined;
  {
    const blocking_call blocking(group, "proc_join");
    group.before_wait();
    joined = process.family->join(process.number, *tag == 0 ? std::nullopt : std::optional(*wanted), waits,
                                  group.shared_waits(), group.interruption());
  }
  auto code = errno_code::success;
  switch (joined.state) {
  case child_state::stopped:
    return fail(errc::stopping, "the process is ending");
  case child_state::interrupted:
    code = errno_code::intr;
    break;
  case child_state::no_child:
    code = waits ? errno_code::child : errno_code::success;
    [[fallthrough]];
  case child_state::runs:
    static_cast<void>(memory.store(status, static_cast<std::uint8_t>(join_kind::nothing)));
    break;
  case child_state::ended:
    static_cast<void>(memory.store<std::uint8_t>(option, 1));
    static_cast<void>(memory.store<std::uint32_t>(option + 4, joined.child));
    store_end(memory, status, joined.end);
    break;
  }
  static_cast<void>(answer(arguments, code));
  return after_blocking(group);
}

result<void> proc_signal(instance_group& group, values arguments)
{
  const std::uint32_t signal = arguments[1].i32();
  if (signal > signal_max) {
    return answer(arguments, errno_code::inval);
  }
  const auto target = process_of(group).family->find(arguments[0].i32());
  {
    const blocking_call delivering(group, "proc_signal"); // what it sends itself, the thread takes at its return
    if (!target || !target->signal(signal)) {
      return answer(arguments, errno_code::srch);
    }
  }
  static_cast<void>(answer(arguments, errno_code::success));
  return after_blocking(group);
}

result<void> proc_raise_interval(instance_group& group, values arguments)
{
  const std::uint32_t signal = arguments[0].i32();
  if (signal == 0 || signal > signal_max) {
    return answer(arguments, errno_code::inval);
  }
  constexpr auto longest = std::uint64_t{100} * 365 * 86'400 * 1'000'000'000;
  // A timer that signals more often than it can be served would do nothing else.
  constexpr std::uint64_t shortest = 1'000'000;
  const std::uint64_t wanted = arguments[1].i64();
  const std::uint64_t interval = wanted == 0 ? 0 : std::clamp<std::uint64_t>(wanted, shortest, longest);
  process_of(group).signal_after(signal, std::chrono::nanoseconds(interval), arguments[2].i32() != 0);
  return answer(arguments, errno_code::success);
}

result<void> proc_spawn2(instance_group& group, values arguments)
{
  const wasi::guest_memory memory = group.memory();
  const std::uint32_t out = arguments[13].i32();
  if (!memory.contains(out, 4)) {
    return answer(arguments, errno_memviolation);
  }
  auto start = load_start(memory, {arguments[0].i32(), arguments[1].i32()}, {arguments[2].i32(), arguments[3].i32()},
                          {arguments[4].i32(), arguments[5].i32()}, arguments[4].i32() != 0, arguments[10].i32() != 0,
                          {arguments[11].i32(), arguments[12].i32()});
  if (!start) {
    return answer(arguments, start.error());
  }
  const auto operations = load_operations(memory, arguments[6].i32(), arguments[7].i32());
  if (!operations) {
    return answer(arguments, operations.error());
  }
  const auto dispositions = load_dispositions(memory, arguments[8].i32(), arguments[9].i32());
  if (!dispositions) {
    return answer(arguments, dispositions.error());
  }
  start->operations = *operations;
  start->ignored_signals = (process_of(group).ignored_signals | dispositions->ignored) & ~dispositions->reset;
  const auto started = [&] {
    const blocking_call blocking(group, "proc_spawn2");
    return start_program(group, *start);
  }();
  if (started) {
    static_cast<void>(memory.store<std::uint32_t>(out, *started));
  }
  static_cast<void>(answer(arguments, started ? errno_code::success : started.error()));
  return after_blocking(group);
}

/// Does not return when it succeeds: the program goes on as another, and its threads end.
result<void> execute(instance_group& group, values arguments, const program_start& start)
{
  const auto replaced = [&] {
    const blocking_call blocking(group, "proc_exec");
    return replace_program(group, start);
  }();
  if (replaced == errno_code::success) {
    return fail(errc::stopping, "the process goes on with another program");
  }
  return answer(arguments, replaced);
}

result<void> proc_exec3(instance_group& group, values arguments)
{
  const auto start =
      load_start(group.memory(), {arguments[0].i32(), arguments[1].i32()}, {arguments[2].i32(), arguments[3].i32()},
                 {arguments[4].i32(), arguments[5].i32()}, arguments[4].i32() != 0, arguments[6].i32() != 0,
                 {arguments[7].i32(), arguments[8].i32()});
  return start ? execute(group, arguments, *start) : answer(arguments, start.error());
}

/// The older forms answer nothing: a program that cannot be started ends this one, as a shell tells it.
template <bool has_environment>
result<void> proc_exec(instance_group& group, values arguments)
{
  const text_argument environment =
      has_environment ? text_argument{arguments[4].i32(), arguments[5].i32()} : text_argument{};
  const auto start = load_start(group.memory(), {arguments[0].i32(), arguments[1].i32()},
                                {arguments[2].i32(), arguments[3].i32()}, environment, has_environment, false, {});
  constexpr std::uint32_t cannot_run = 126;
  if (start) {
    std::array<engine::value_slot, 1> code{};
    if (auto executed = execute(group, code, *start); !executed) {
      return executed;
    }
  }
  process_of(group).end({cannot_run, std::nullopt, 0});
  return fail(errc::stopping, "the process is ending");
}

} // namespace

void add_process_control(host_registry& registry)
{
  const std::string module_name = "wasix_32v1";
  const auto i32 = wasm::i32;
  registry.add(module_name, "proc_id", errno_function(1), proc_id);
  registry.add(module_name, "proc_parent", errno_function(2), proc_parent);
  registry.add(module_name, "proc_join", errno_function(3), proc_join);
  registry.add(module_name, "proc_signal", errno_function(2), proc_signal);
  registry.add(module_name, "proc_raise_interval", {{i32, wasm::i64, i32}, {i32}}, proc_raise_interval);
  registry.add(module_name, "proc_spawn2", errno_function(14), proc_spawn2);
  registry.add(module_name, "proc_exec", {{i32, i32, i32, i32}, {}}, proc_exec<false>);
  registry.add(module_name, "proc_exec2", {{i32, i32, i32, i32, i32, i32}, {}}, proc_exec<true>);
  registry.add(module_name, "proc_exec3", errno_function(9), proc_exec3);
}

} // namespace interlink::abi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// futex_wait, futex_wake, futex_wake_all of `wasix_32v1`: the same wait table as memory.atomic.wait and notify.
#include "groups/instance_group.hh"

#include <chrono>
#include <limits>

#include "process/abi/blocking.hh"
#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/process_core.hh"

namespace interlink::abi {

namespace {

/// The futex word in host memory, or nothing when it lies outside or is not aligned.
const std::uint32_t* futex_word(instance_group& group, std::uint32_t address)
{
  const auto bytes = group.memory().range(address, sizeof(std::uint32_t));
  return bytes && address % sizeof(std::uint32_t) == 0 ? reinterpret_cast<const std::uint32_t*>(bytes->data())
                                                       : nullptr;
}

/// Option<timestamp>: u8 tag at 0, u64 nanoseconds at 8. Source: WASIX ABI, futex_wait.
wasi::expected<std::optional<parker::clock::time_point>> read_timeout(const wasi::guest_memory& memory,
                                                                      std::uint32_t at)
{
  if (at == 0) {
    return std::optional<parker::clock::time_point>{};
  }
  constexpr std::uint32_t nanoseconds_at = 8;
  if (!memory.contains(at, nanoseconds_at + sizeof(std::uint64_t))) { // the sum below does not wrap
    return wasi::refuse(errno_memviolation);
  }
  const auto tag = memory.load<std::uint8_t>(at);
  const auto nanoseconds = memory.load<std::uint64_t>(at + nanoseconds_at);
  constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max() / 2;
  if (*tag == 0 || *nanoseconds > longest) {
    return std::optional<parker::clock::time_point>{};
  }
  return parker::clock::now() + std::chrono::nanoseconds(*nanoseconds);
}

result<void> futex_wait(instance_group& group, values arguments)
{
  const wasi::guest_memory memory = group.memory();
  const std::uint32_t* word = futex_word(group, arguments[0].i32());
  const std::uint32_t out = arguments[3].i32();
  const auto deadline = read_timeout(memory, arguments[2].i32());
  if (word == nullptr || !deadline || !memory.contains(out, 1)) {
    return answer(arguments, errno_memviolation);
  }
  futex_outcome outcome{};
  {
    const blocking_call blocking(group, "futex_wait");
    group.before_wait();
    outcome =
        process_of(group).futexes.wait32(word, arguments[1].i32(), *deadline, group.waits(), group.interruption());
  }
  if (outcome == futex_outcome::stopped) {
    return fail(errc::stopping, "the process is ending");
  }
  const bool is_interrupted = outcome == futex_outcome::interrupted;
  const bool was_woken = !is_interrupted && outcome != futex_outcome::timed_out;
  static_cast<void>(memory.store<std::uint8_t>(out, was_woken ? 1 : 0));
  static_cast<void>(answer(arguments, is_interrupted ? errno_code::intr : errno_code::success));
  return after_blocking(group);
}

result<void> wake(instance_group& group, values arguments, std::uint32_t count)
{
  const wasi::guest_memory memory = group.memory();
  const std::uint32_t* word = futex_word(group, arguments[0].i32());
  if (word == nullptr || !memory.contains(arguments[1].i32(), 1)) {
    return answer(arguments, errno_memviolation);
  }
  const std::uint32_t woken = process_of(group).futexes.notify(word, count);
  static_cast<void>(memory.store<std::uint8_t>(arguments[1].i32(), woken != 0 ? 1 : 0));
  return answer(arguments, errno_code::success);
}

result<void> futex_wake(instance_group& group, values arguments)
{
  return wake(group, arguments, 1);
}

result<void> futex_wake_all(instance_group& group, values arguments)
{
  return wake(group, arguments, std::numeric_limits<std::uint32_t>::max());
}

} // namespace

void add_futexes(host_registry& registry)
{
  registry.add("wasix_32v1", "futex_wait", errno_function(4), futex_wait);
  registry.add("wasix_32v1", "futex_wake", errno_function(2), futex_wake);
  registry.add("wasix_32v1", "futex_wake_all", errno_function(2), futex_wake_all);
}

} // namespace interlink::abi

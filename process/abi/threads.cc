// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest threads: `wasi.thread-spawn` of wasi-threads and the thread functions of `wasix_32v1`.
#include "groups/instance_group.hh"

#include <chrono>
#include <sched.h>
#include <thread>

#include "process/abi/blocking.hh"
#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/process_core.hh"
#include "process/thread_spawner.hh"

namespace interlink::abi {

namespace {

/// A program without shared memory has one thread for ever; any other failure to make one may pass.
errno_code refusal(instance_group& group)
{
  return process_of(group).environment.linked_memory ? errno_code::again : errno_code::notsup;
}

/// The guest sees an errno only, so the reason is written where it can be found.
result<group_id> spawn(instance_group& group, std::uint32_t start_argument, thread_abi abi)
{
  auto spawned = spawn_thread(group, start_argument, abi);
  const debug_log& log = process_of(group).loader.log;
  if (spawned) {
    log.write(log_category::threads, group.id(), "thread {} started by thread {}", spawned->value, group.id().value);
  } else {
    log.write(log_category::threads, group.id(), "no thread for thread {}: {}", group.id().value,
              spawned.error().message());
  }
  return spawned;
}

/// Returns the thread's number, or minus an errno. Source: wasi-threads.
result<void> wasi_thread_spawn(instance_group& group, values arguments)
{
  auto spawned = spawn(group, arguments[0].i32(), thread_abi::wasi_threads);
  if (!spawned) {
    const errc code = spawned.error().code();
    if (code != errc::spawn_failed && code != errc::invalid_argument) {
      return fail(std::move(spawned.error()));
    }
    const errno_code reason = code == errc::spawn_failed ? refusal(group) : errno_code::inval;
    arguments[0] = engine::value_slot::of_i32(0U - static_cast<std::uint32_t>(reason));
    return {};
  }
  arguments[0] = engine::value_slot::of_i32(spawned->value);
  return {};
}

result<void> thread_spawn(instance_group& group, values arguments)
{
  const wasi::guest_memory memory = group.memory();
  const std::uint32_t out = arguments[1].i32();
  if (!memory.contains(out, 4)) {
    return answer(arguments, errno_memviolation);
  }
  auto spawned = spawn(group, arguments[0].i32(), thread_abi::wasix);
  if (!spawned) {
    if (spawned.error().code() == errc::spawn_failed) {
      return answer(arguments, refusal(group));
    }
    if (spawned.error().code() == errc::invalid_argument) {
      return answer(arguments, errno_code::inval);
    }
    return fail(std::move(spawned.error()));
  }
  static_cast<void>(memory.store<std::uint32_t>(out, spawned->value));
  return answer(arguments, errno_code::success);
}

result<void> thread_exit(instance_group&, values arguments)
{
  error_detail detail;
  detail.exit_code = arguments[0].i32();
  return fail(error(errc::thread_exited, std::move(detail)));
}

result<void> thread_join(instance_group& group, values arguments)
{
  const group_id joined{arguments[0].i32()};
  process_core& process = process_of(group);
  if (joined == group.id()) {
    return answer(arguments, errno_code::deadlk);
  }
  join_outcome outcome{};
  while (true) {
    {
      const blocking_call blocking(group, "thread_join", joined);
      group.before_wait();
      outcome = process.threads.join(joined, group.shared_waits(), group.interruption());
    }
    if (outcome != join_outcome::interrupted || group.pending_signals.load(std::memory_order_acquire) == 0) {
      break;
    }
    // A handler runs at once, and the join goes on: pthread_join knows no EINTR.
    if (auto delivered = after_blocking(group); !delivered) {
      return delivered;
    }
  }
  if (outcome == join_outcome::stopped) {
    return fail(errc::stopping, "the process is ending");
  }
  static_cast<void>(answer(arguments, outcome == join_outcome::interrupted ? errno_code::intr : errno_code::success));
  return after_blocking(group);
}

result<void> thread_sleep(instance_group& group, values arguments)
{
  const auto nanoseconds = arguments[0].i64();
  constexpr std::uint64_t longest_ns = std::uint64_t{100} * 365 * 86'400 * 1'000'000'000;
  const auto deadline = parker::clock::now() + std::chrono::nanoseconds(std::min(nanoseconds, longest_ns));
  bool is_interrupted = false;
  {
    const blocking_call blocking(group, "thread_sleep");
    group.before_wait();
    wake_reason reason = wake_reason::unparked;
    while (reason == wake_reason::unparked && group.pending_signals.load(std::memory_order_acquire) == 0) {
      is_interrupted = group.interruption()();
      if (is_interrupted) {
        break;
      }
      reason = group.waits().park(deadline); // a permit left over, a signal, or an interruption
    }
    if (reason == wake_reason::stopped) {
      return fail(errc::stopping, "the process is ending");
    }
  }
  static_cast<void>(answer(arguments, is_interrupted ? errno_code::intr : errno_code::success));
  return after_blocking(group);
}

result<void> thread_id(instance_group& group, values arguments)
{
  const wasi::outcome stored = group.memory().store<std::uint32_t>(arguments[0].i32(), group.id().value);
  return answer(arguments, stored.is_success() ? errno_code::success : errno_memviolation);
}

result<void> thread_parallelism(instance_group& group, values arguments)
{
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const wasi::outcome stored = group.memory().store<std::uint32_t>(arguments[0].i32(), cores);
  return answer(arguments, stored.is_success() ? errno_code::success : errno_memviolation);
}

result<void> sched_yield(instance_group& group, values arguments)
{
  ::sched_yield();
  static_cast<void>(answer(arguments, errno_code::success));
  return after_blocking(group);
}

} // namespace

void add_threads(host_registry& registry)
{
  for (const char* module_name : {"wasi", "wasi_unstable", "wasi_snapshot_preview1"}) {
    registry.add(module_name, "thread-spawn", errno_function(1), wasi_thread_spawn);
  }
  registry.add("wasix_32v1", "thread_spawn", errno_function(2), thread_spawn);
  registry.add("wasix_32v1", "thread_spawn_v2", errno_function(2), thread_spawn);
  registry.add("wasix_32v1", "thread_exit", {{wasm::i32}, {}}, thread_exit);
  registry.add("wasix_32v1", "thread_join", errno_function(1), thread_join);
  registry.add("wasix_32v1", "thread_sleep", {{wasm::i64}, {wasm::i32}}, thread_sleep);
  registry.add("wasix_32v1", "thread_id", errno_function(1), thread_id);
  registry.add("wasix_32v1", "thread_parallelism", errno_function(1), thread_parallelism);
  registry.add("wasix_32v1", "sched_yield", errno_function(0), sched_yield);
}

} // namespace interlink::abi

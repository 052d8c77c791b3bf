// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sched.h>
#include <signal.h>
#include <sys/random.h>

namespace interlink::wasi {

namespace {

std::uint64_t bytes_with_terminators(std::span<const std::string> strings)
{
  std::uint64_t total = 0;
  for (const auto& text : strings) {
    total += text.size() + 1;
  }
  return total;
}

outcome store_sizes(call_context& c, std::span<const std::string> strings, guest_pointer count, guest_pointer size)
{
  if (!c.memory.contains(count, 4) || !c.memory.contains(size, 4)) {
    return errno_code::fault;
  }
  auto total = bytes_with_terminators(strings);
  if (total > UINT32_MAX) {
    return errno_code::overflow;
  }
  (void)c.memory.store(count, static_cast<std::uint32_t>(strings.size()));
  return c.memory.store(size, static_cast<std::uint32_t>(total));
}

outcome store_strings(call_context& c, std::span<const std::string> strings, guest_pointer pointers,
                      guest_pointer buffer)
{
  if (!c.memory.contains(pointers, std::uint64_t{4} * strings.size()) ||
      !c.memory.contains(buffer, bytes_with_terminators(strings))) {
    return errno_code::fault;
  }
  for (const auto& text : strings) {
    (void)c.memory.store(pointers, buffer);
    (void)c.memory.store_bytes(buffer, std::as_bytes(std::span(text.c_str(), text.size() + 1)));
    pointers += 4;
    buffer += static_cast<guest_pointer>(text.size() + 1);
  }
  return errno_code::success;
}

std::optional<clockid_t> host_clock(std::uint32_t id)
{
  switch (static_cast<clock_id>(id)) {
  case clock_id::realtime:
    return CLOCK_REALTIME;
  case clock_id::monotonic:
    return CLOCK_MONOTONIC;
  case clock_id::process_cputime:
    return CLOCK_PROCESS_CPUTIME_ID;
  case clock_id::thread_cputime:
    return CLOCK_THREAD_CPUTIME_ID;
  }
  return std::nullopt;
}

outcome store_time(call_context& c, guest_pointer to, const timespec& time)
{
  auto nanoseconds = static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
  return c.memory.store(to, nanoseconds);
}

// What a signal does to a process by default, by WASI number. Source: WASI preview 1, `signal`; POSIX, <signal.h>.
enum class signal_effect : std::uint8_t { none, ends, stops };

struct signal_fact {
  int host;
  signal_effect effect;
};

constexpr std::array<signal_fact, 31> signals{{
    {0, signal_effect::none},        {SIGHUP, signal_effect::ends},    {SIGINT, signal_effect::ends},
    {SIGQUIT, signal_effect::ends},  {SIGILL, signal_effect::ends},    {SIGTRAP, signal_effect::ends},
    {SIGABRT, signal_effect::ends},  {SIGBUS, signal_effect::ends},    {SIGFPE, signal_effect::ends},
    {SIGKILL, signal_effect::ends},  {SIGUSR1, signal_effect::ends},   {SIGSEGV, signal_effect::ends},
    {SIGUSR2, signal_effect::ends},  {SIGPIPE, signal_effect::ends},   {SIGALRM, signal_effect::ends},
    {SIGTERM, signal_effect::ends},  {SIGCHLD, signal_effect::none},   {SIGCONT, signal_effect::none},
    {SIGSTOP, signal_effect::stops}, {SIGTSTP, signal_effect::stops},  {SIGTTIN, signal_effect::stops},
    {SIGTTOU, signal_effect::stops}, {SIGURG, signal_effect::none},    {SIGXCPU, signal_effect::ends},
    {SIGXFSZ, signal_effect::ends},  {SIGVTALRM, signal_effect::ends}, {SIGPROF, signal_effect::ends},
    {SIGWINCH, signal_effect::none}, {SIGPOLL, signal_effect::ends},   {SIGPWR, signal_effect::ends},
    {SIGSYS, signal_effect::ends},
}};

// Bytes of random data between two looks at the canceller.
constexpr std::size_t random_chunk = 1U << 20;

} // namespace

outcome args_get(system& s, call_context& c, guest_pointer argv, guest_pointer buffer)
{
  return store_strings(c, s.args(), argv, buffer);
}

outcome args_sizes_get(system& s, call_context& c, guest_pointer count, guest_pointer size)
{
  return store_sizes(c, s.args(), count, size);
}

outcome environ_get(system& s, call_context& c, guest_pointer environ, guest_pointer buffer)
{
  return store_strings(c, s.env(), environ, buffer);
}

outcome environ_sizes_get(system& s, call_context& c, guest_pointer count, guest_pointer size)
{
  return store_sizes(c, s.env(), count, size);
}

outcome clock_res_get(system&, call_context& c, std::uint32_t id, guest_pointer resolution)
{
  auto clock = host_clock(id);
  if (!clock) {
    return errno_code::inval;
  }
  timespec time{};
  if (::clock_getres(*clock, &time) != 0) {
    return from_host_errno(errno);
  }
  return store_time(c, resolution, time);
}

outcome clock_time_get(system&, call_context& c, std::uint32_t id, std::uint64_t, guest_pointer time_pointer)
{
  auto clock = host_clock(id);
  if (!clock) {
    return errno_code::inval;
  }
  timespec time{};
  if (::clock_gettime(*clock, &time) != 0) {
    return from_host_errno(errno);
  }
  return store_time(c, time_pointer, time);
}

outcome proc_exit(system& s, call_context&, std::uint32_t code)
{
  return s.exit(code);
}

outcome proc_raise(system& s, call_context&, std::uint32_t signal)
{
  if (signal >= signals.size()) {
    return errno_code::inval;
  }
  switch (signals[signal].effect) {
  case signal_effect::ends:
    return s.exit(128 + static_cast<std::uint32_t>(signals[signal].host));
  case signal_effect::stops:
    return errno_code::notsup;
  case signal_effect::none:
    break;
  }
  return errno_code::success;
}

outcome sched_yield(system&, call_context&)
{
  return from_host_call(::sched_yield());
}

outcome random_get(system&, call_context& c, guest_pointer buffer, guest_size size)
{
  auto bytes = c.memory.range(buffer, size);
  if (!bytes) {
    return bytes.error();
  }
  auto left = *bytes;
  while (!left.empty()) {
    if (c.cancel.is_cancelled()) {
      return outcome::cancelled();
    }
    auto filled = ::getrandom(left.data(), std::min(left.size(), random_chunk), 0);
    if (filled < 0 && errno != EINTR) {
      return from_host_errno(errno);
    }
    left = left.subspan(filled < 0 ? 0 : static_cast<std::size_t>(filled));
  }
  return errno_code::success;
}

} // namespace interlink::wasi

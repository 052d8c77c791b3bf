// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/instance_group.hh"
#include "messages/guest_end.hh"

#include <chrono>
#include <optional>

#include "loader/binding_log.hh"
#include "process/abi/atomic_access.hh"
#include "process/abi/blocking.hh"
#include "process/abi/guest_abi.hh"
#include "process/process_core.hh"
#include "wasm/reserved_names.hh"

namespace interlink::abi {

namespace {

using engine::value_slot;

/// Results of memory.atomic.wait. Source: wasm threads proposal.
constexpr std::uint32_t wait_woken = 0;
constexpr std::uint32_t wait_not_equal = 1;
constexpr std::uint32_t wait_timed_out = 2;

std::unexpected<error> trap(std::string_view message)
{
  return fail(trap_of("wasm trap: " + std::string(message)));
}

template <class Word>
result<Word*> word_at(instance_group& group, std::uint32_t address, std::uint64_t offset)
{
  const std::span<std::byte> memory = group.store().memory();
  const auto place = atomic_place(address, offset, memory.size(), sizeof(Word));
  if (!place) {
    return trap(place.error());
  }
  return reinterpret_cast<Word*>(memory.data() + *place);
}

std::optional<parker::clock::time_point> deadline_after(std::int64_t timeout_ns)
{
  // A negative timeout never expires; one beyond the clock's range does not either.
  constexpr std::int64_t century_ns = std::int64_t{100} * 365 * 86'400 * 1'000'000'000;
  if (timeout_ns < 0 || timeout_ns > century_ns) {
    return std::nullopt;
  }
  return parker::clock::now() + std::chrono::nanoseconds(timeout_ns);
}

template <class Word>
result<void> wait(instance_group& group, std::span<value_slot> values)
{
  if (!group.store().shared_memory()) {
    return trap(process_of(group).program().is_dynamic
                    ? "atomic wait on non-shared memory"
                    : "atomic wait in a start function, on a memory that is not exported yet");
  }
  auto word = word_at<Word>(group, values[0].i32(), values[3].i64());
  if (!word) {
    return fail(std::move(word.error()));
  }
  const auto expected = static_cast<Word>(values[1].i64());
  const auto timeout_ns = static_cast<std::int64_t>(values[2].i64());
  // In a closed initialiser the wait is answered when that needs no waiting, which is all that wasm-ld's ever asks for:
  // the group that loads a module has run its memory's initialiser before another begins.
  const bool may_wait = !group.store().runs_closed_initialiser();
  const auto deadline = may_wait ? deadline_after(timeout_ns) : parker::clock::now();
  futex_outcome outcome{};
  {
    const blocking_call blocking(group, "memory.atomic.wait");
    group.before_wait();
    futex_table& futexes = process_of(group).futexes;
    if constexpr (sizeof(Word) == 4) {
      outcome = futexes.wait32(*word, expected, deadline, group.waits(), group.interruption());
    } else {
      outcome = futexes.wait64(*word, expected, deadline, group.waits(), group.interruption());
    }
  }
  switch (outcome) {
  case futex_outcome::interrupted: // the instruction knows no other answer; whoever waits looks again at the word
  case futex_outcome::woken:
    values[0] = value_slot::of_i32(wait_woken);
    break;
  case futex_outcome::value_differs:
    values[0] = value_slot::of_i32(wait_not_equal);
    break;
  case futex_outcome::timed_out:
    if (!may_wait && timeout_ns != 0) {
      return trap("an initialiser would wait for another thread at address " + std::to_string(values[0].i32()));
    }
    values[0] = value_slot::of_i32(wait_timed_out);
    break;
  case futex_outcome::stopped:
    return fail(errc::stopping, "the process is ending");
  }
  return may_wait ? after_blocking(group) : result<void>{};
}

result<void> notify(instance_group& group, std::span<value_slot> values)
{
  auto word = word_at<std::uint32_t>(group, values[0].i32(), values[2].i64());
  if (!word) {
    return fail(std::move(word.error()));
  }
  values[0] = value_slot::of_i32(process_of(group).futexes.notify(*word, values[1].i32()));
  return {};
}

/// What a check calls. A thread that computes takes its signals here.
result<void> catch_up(instance_group& group, std::span<value_slot>)
{
  auto caught_up = group.catch_up();
  return caught_up ? after_blocking(group) : caught_up;
}

/// First call through a lazy thunk, or any call through one of a weak symbol that nobody defines.
result<void> resolve_lazy(instance_group& group, std::span<value_slot> values)
{
  const module_id importer{values[0].i32()};
  const std::uint32_t thunk = values[1].i32();
  table_index slot = thunk_slot_of(group.applied(), importer, thunk);
  if (slot == null_slot) {
    const coordinator_reply reply = group.ask(bind_lazy_request{importer, thunk});
    if (const auto* failure = std::get_if<error>(&reply)) {
      if (failure->code() == errc::stopping) {
        return fail(*failure);
      }
      error_detail detail = failure->detail();
      detail.trap = trap_record{failure->message(), {}};
      return fail(error(errc::guest_trapped, std::move(detail)));
    }
    slot = std::get<slot_outcome>(reply).slot;
    // The thunk calls through the slot without a check of its own: it must be filled when this returns.
    if (auto caught_up = group.catch_up(); !caught_up) {
      return caught_up;
    }
    const debug_log& log = process_of(group).loader.log;
    if (log.enabled().bindings) {
      log.write_line(log_category::bindings, group.id(), describe_lazy_binding(group.applied(), importer, thunk, slot));
    }
  }
  values[0] = value_slot::of_i32(slot.value);
  return {};
}

} // namespace

const runtime_functions& runtime_calls()
{
  static const runtime_functions calls{
      {reserved::runtime_slot::catch_up, "catch up", {{{}, {}}, catch_up}},
      {reserved::runtime_slot::wait32,
       "memory.atomic.wait32",
       {{{wasm::i32, wasm::i32, wasm::i64, wasm::i64}, {wasm::i32}}, wait<std::uint32_t>}},
      {reserved::runtime_slot::wait64,
       "memory.atomic.wait64",
       {{{wasm::i32, wasm::i64, wasm::i64, wasm::i64}, {wasm::i32}}, wait<std::uint64_t>}},
      {reserved::runtime_slot::notify,
       "memory.atomic.notify",
       {{{wasm::i32, wasm::i32, wasm::i64}, {wasm::i32}}, notify}},
      {reserved::runtime_slot::resolve_lazy,
       "first call of an import",
       {{{wasm::i32, wasm::i32}, {wasm::i32}}, resolve_lazy}},
  };
  return calls;
}

} // namespace interlink::abi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/thread_spawner.hh"

#include "groups/host_memory.hh"
#include "groups/instance_group.hh"
#include "messages/limits.hh"

#include <array>
#include <optional>
#include <utility>

#include "loader/memory_supply.hh"
#include "process/process_core.hh"
#include "process/stale_calls.hh"
#include "process/thrown_object.hh"

namespace interlink {

namespace {

using engine::value_slot;

/// The part of the start structure that both thread ABIs share, and WASIX's own. Source: WASIX's __wasi_thread_start_t,
/// 64 bytes: stack at 0 (upper end), tls_base at 4, stack_size at 56.
struct start_structure {
  std::uint32_t stack_high{};
  std::uint32_t tls_base{};
  std::uint32_t stack_size{};
};

/// The stack of a bare group. Chosen as the packaged C library's default for threads.
constexpr std::uint64_t bare_group_stack_bytes = std::uint64_t{256} << 10;

constexpr std::uint32_t tls_base_offset = 4;
constexpr std::uint32_t stack_size_offset = 56;

std::unexpected<error> refuse(std::string reason)
{
  return fail(errc::spawn_failed, std::move(reason));
}

/// A static program's structure is its libc's own business; only a dynamic one is read.
result<start_structure> read_start(instance_group& parent, std::uint32_t argument, thread_abi abi)
{
  start_structure start;
  if (!process_of(parent).program().is_dynamic) {
    return start;
  }
  const wasi::guest_memory memory = parent.memory();
  const auto stack = memory.load<std::uint32_t>(argument);
  const auto tls = memory.load<std::uint32_t>(argument + tls_base_offset);
  if (!stack || !tls) {
    return fail(errc::invalid_argument, "the thread's start structure lies outside of memory");
  }
  start = {*stack, *tls, 0};
  // Our guest support library fills WASIX's structure for wasi-threads' call, too.
  if (abi == thread_abi::wasix || process_of(parent).program().exports_spawn_group) {
    const auto size = memory.load<std::uint32_t>(argument + stack_size_offset);
    if (!size || *size > start.stack_high || start.stack_high > memory.size_bytes()) {
      return fail(errc::invalid_argument, "the thread's stack does not lie in the memory");
    }
    start.stack_size = *size;
  }
  return start;
}

/// Turn until a place is given, supplying memory on the way. Context: the parent's thread.
result<join_reply> join(instance_group& parent, std::optional<memory_address> main_tls)
{
  while (true) {
    coordinator_reply reply = parent.ask(join_request{main_tls});
    if (auto* joined = std::get_if<join_reply>(&reply)) {
      return std::move(*joined);
    }
    if (const auto* failure = std::get_if<error>(&reply)) {
      return failure->code() == errc::stopping ? result<join_reply>(fail(*failure)) : refuse(failure->message());
    }
    const auto supplied =
        supply_memory(process_of(parent).program(), parent, std::get<join_needs_memory_reply>(reply).needed);
    if (!supplied) {
      return supplied.error().code() == errc::memory_exhausted ? result<join_reply>(refuse(supplied.error().message()))
                                                               : result<join_reply>(fail(supplied.error()));
    }
  }
}

/// Registers the group and starts its thread. Whatever ends the body, the group leaves by a turn, then the joiners are
/// woken; the process learns of the outcome first, so that a joiner finds it ended.
result<void> start_thread(std::shared_ptr<instance_group> group,
                          std::move_only_function<result<void>(instance_group&)> body)
{
  process_core& process = process_of(*group);
  instance_group* const raw = group.get();
  std::shared_ptr<process_core> keep = process.shared_from_this();
  const std::size_t stack_bytes = process.options().thread_stack_bytes;
  return process.threads.start(
      std::move(group), stack_bytes, [keep = std::move(keep), raw, body = std::move(body)]() mutable {
        const std::shared_ptr<instance_group> self = keep->threads.find(raw->id());
        const result<void> outcome = unless_exhausted("a guest thread", [&] { return body(*self); });
        keep->on_thread_result(
            outcome ? outcome : fail(with_stale_pointers(*self, with_thrown_object(outcome.error(), self->memory()))));
        self->calls.drop_rest();
        self->leave();
        keep->threads.finish(self->id());
        if (!keep->has_ended() && keep->threads.alive_count() == 0) {
          keep->end(
              process_outcome{0, std::nullopt}); // as when the last thread of a C program has left by pthread_exit
        }
      });
}

result<void> run_guest_thread(instance_group& group, std::uint32_t start_argument)
{
  if (auto initialised = group.catch_up(); !initialised) {
    return initialised; // phase 2 of the building, first thing on the child's own thread
  }
  const auto entry = group.store().find_function(main_module, "wasi_thread_start");
  std::array<value_slot, 2> values{value_slot::of_i32(group.id().value), value_slot::of_i32(start_argument)};
  return group.call(*entry, values);
}

/// Where the group's stack lies: in its own block, or for the first group where the layout has it.
store_parameters stack_of(const process_core& process, const joined_group& joined)
{
  for (const group_block& block : joined.blocks) {
    if (block.module == own_stack) {
      return {block.address, {(block.address.value + block.size) & ~std::uint64_t{15}}};
    }
  }
  return {process.program().layout.stack_low, process.program().layout.stack_high};
}

result<group_id> start_group(const std::shared_ptr<process_core>& process, std::uint64_t stack_bytes,
                             std::move_only_function<result<void>(instance_group&)> body)
{
  request_channel channel;
  coordinator_reply reply = process->coordination().ask(channel, no_group, join_request{std::nullopt, stack_bytes});
  if (const auto* failure = std::get_if<error>(&reply)) {
    return fail(*failure);
  }
  auto* joined = std::get_if<join_reply>(&reply);
  if (joined == nullptr) {
    return fail(errc::memory_exhausted, "the linker's arena has no room for another group's stack and variables");
  }
  const store_parameters stack = stack_of(*process, joined->group);
  auto group = instance_group::make(process, std::move(*joined), stack);
  if (!group) {
    return fail(std::move(group.error()));
  }
  if (auto built = (*group)->build(); !built) {
    return fail(std::move(built.error()));
  }
  const group_id id = (*group)->id();
  if (auto started = start_thread(std::move(*group), std::move(body)); !started) {
    return fail(std::move(started.error()));
  }
  return id;
}

} // namespace

result<group_id> spawn_thread(instance_group& parent, std::uint32_t start_argument, thread_abi abi)
{
  process_core& process = process_of(parent);
  if (!process.environment.linked_memory) {
    return refuse("threads need a shared memory; link the program with --shared-memory");
  }
  if (process.threads.alive_count() >= limit::groups) {
    return refuse("too many threads: " + std::to_string(limit::groups) + " are alive");
  }
  const auto entry = parent.store().find_function(main_module, "wasi_thread_start");
  if (!entry || parent.store().store().type_of(*entry) != function_type{{wasm::i32, wasm::i32}, {}}) {
    return refuse("the main module exports no wasi_thread_start (func (param i32 i32))");
  }
  const auto start = read_start(parent, start_argument, abi);
  if (!start) {
    return fail(start.error());
  }
  const bool has_own_tls = process.program().is_dynamic && start->tls_base != 0;
  auto joined = join(parent, has_own_tls ? std::optional(memory_address{start->tls_base}) : std::nullopt);
  if (!joined) {
    return fail(std::move(joined.error()));
  }
  store_parameters bounds;
  if (start->stack_size != 0) {
    bounds = {{start->stack_high - start->stack_size}, {start->stack_high}};
  } else {
    bounds.stack_high = {start->stack_high};
  }
  auto made = instance_group::make(process.shared_from_this(), std::move(*joined), bounds);
  if (!made) {
    return refuse(made.error().message());
  }
  std::shared_ptr<instance_group> child = std::move(*made);
  if (has_own_tls) {
    child->store().set_block(main_module, {start->tls_base});
  }
  if (child->id().value > thread_id_max) {
    return refuse("thread numbers are used up");
  }
  if (auto built = child->build(); !built) {
    return refuse(built.error().message());
  }
  const group_id id = child->id();
  auto started = start_thread(
      std::move(child), [start_argument](instance_group& group) { return run_guest_thread(group, start_argument); });
  if (!started) {
    return refuse(started.error().message());
  }
  parent.events().write({.peer = id, .kind = event_kind::spawn});
  return id;
}

result<group_id> start_first_group(const std::shared_ptr<process_core>& process,
                                   std::move_only_function<result<void>(instance_group&)> body)
{
  return start_group(process, 0, std::move(body));
}

result<group_id> start_bare_group(const std::shared_ptr<process_core>& process,
                                  std::move_only_function<result<void>(instance_group&)> body)
{
  // A static program has no arena: its groups must not call what uses the stack at the same time.
  const std::uint64_t stack_bytes = process->program().is_dynamic ? bare_group_stack_bytes : 0;
  return start_group(process, stack_bytes, [body = std::move(body)](instance_group& group) mutable -> result<void> {
    if (auto initialised = group.catch_up(); !initialised) {
      return initialised;
    }
    return body(group);
  });
}

} // namespace interlink

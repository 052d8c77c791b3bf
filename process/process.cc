// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/process.hh"

#include "actors/guest_thread.hh"
#include "groups/host_memory.hh"
#include "groups/instance_group.hh"
#include "messages/guest_end.hh"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "loader/library_closer.hh"
#include "loader/program_memory.hh"
#include "loader/symbol_lookup.hh"
#include "process/main_program.hh"
#include "process/source_places.hh"
#include "process/stale_calls.hh"
#include "process/thread_spawner.hh"
#include "process/thrown_object.hh"

namespace interlink {

namespace {

using engine::value_slot;

/// Of a process that its embedder stopped before it had ended. The code is what a shell reports after SIGTERM.
process_outcome stopped_outcome()
{
  constexpr std::uint32_t exit_code_of_sigterm = 128 + 15;
  return {exit_code_of_sigterm, error(errc::stopping, "the embedder has stopped the process")};
}

value_slot to_slot(const guest_value& value)
{
  struct converter {
    value_slot operator()(std::int32_t v) const { return value_slot::of_i32(static_cast<std::uint32_t>(v)); }

    value_slot operator()(std::int64_t v) const { return value_slot::of_i64(static_cast<std::uint64_t>(v)); }

    value_slot operator()(float v) const { return value_slot::of_i32(std::bit_cast<std::uint32_t>(v)); }

    value_slot operator()(double v) const { return value_slot::of_i64(std::bit_cast<std::uint64_t>(v)); }

    value_slot operator()(const std::array<std::byte, 16>& v) const { return std::bit_cast<value_slot>(v); }
  };

  return std::visit(converter{}, value);
}

value_type type_of(const guest_value& value)
{
  static constexpr std::array<value_type, 5> types{wasm::i32, wasm::i64, wasm::f32, wasm::f64, wasm::v128};
  return types.at(value.index());
}

guest_value from_slot(const value_type& type, const value_slot& slot)
{
  if (type == wasm::i32) {
    return static_cast<std::int32_t>(slot.i32());
  }
  if (type == wasm::i64) {
    return static_cast<std::int64_t>(slot.i64());
  }
  if (type == wasm::f32) {
    return std::bit_cast<float>(slot.i32());
  }
  if (type == wasm::f64) {
    return std::bit_cast<double>(slot.i64());
  }
  return std::bit_cast<std::array<std::byte, 16>>(slot);
}

bool is_number(const value_type& type)
{
  return type.code >= wasm::v128.code && type.code <= wasm::i32.code;
}

std::string name_of(const std::weak_ptr<const process_core>& process)
{
  const auto core = process.lock();
  return core == nullptr ? "one that is gone" : core->program().file.path;
}

/// A handle means something only in the process that gave it. One made by hand says of none.
result<void> check_owner(const std::weak_ptr<const process_core>& of_handle, const std::shared_ptr<process_core>& here,
                         const std::string& what)
{
  const std::weak_ptr<const process_core> none;
  const auto is_same = [](const auto& a, const auto& b) {
    return !a.owner_before(b) && !b.owner_before(a);
  };
  if (is_same(of_handle, none) || is_same(of_handle, here)) {
    return {};
  }
  error_detail detail;
  detail.message = what + " is of another process";
  detail.expected = here->program().file.path;
  detail.found = name_of(of_handle);
  detail.remedy = "find it again in the process that is to use it";
  return fail(error(errc::invalid_argument, std::move(detail)));
}

result<std::vector<guest_value>> call_in(instance_group& group, const function& callee,
                                         const std::vector<guest_value>& arguments)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return fail(std::move(caught_up.error()));
  }
  const engine::function target =
      callee.slot != null_slot
          ? group.store().slot(callee.slot)
          : group.store().find_function(main_module, callee.export_name).value_or(engine::function{});
  if (is_null(target)) {
    return fail(errc::invalid_argument, "slot " + std::to_string(callee.slot.value) + " of the function table is null");
  }
  const function_type type = group.store().store().type_of(target);
  std::vector<value_type> given;
  std::vector<value_slot> values;
  for (const guest_value& argument : arguments) {
    given.push_back(type_of(argument));
    values.push_back(to_slot(argument));
  }
  if (given != type.parameters || !std::ranges::all_of(type.results, is_number)) {
    error_detail detail;
    detail.message = "the arguments do not fit the function";
    detail.expected = to_string(type);
    detail.found = to_string(function_type{given, type.results});
    return fail(error(errc::symbol_type_mismatch, std::move(detail)));
  }
  values.resize(std::max(type.parameters.size(), type.results.size()));
  if (auto called = group.call(target, values); !called) {
    return fail(std::move(called.error()));
  }
  std::vector<guest_value> results;
  results.reserve(type.results.size());
  for (std::size_t i = 0; i < type.results.size(); ++i) {
    results.push_back(from_slot(type.results[i], values[i]));
  }
  return results;
}

result<function> find_dynamic(instance_group& group, library in, const std::string& name)
{
  auto found = find_function(process_of(group).loader, group, in.handle, name);
  if (!found) {
    return fail(std::move(found.error()));
  }
  return function{found->slot, name, std::move(found->type), process_of(group).weak_from_this()};
}

result<function> find_static(instance_group& group, const std::string& name)
{
  const auto found = group.store().find_function(main_module, name);
  if (!found) {
    return fail(errc::symbol_not_found, "the program exports no function " + name);
  }
  return function{null_slot, name, group.store().store().type_of(*found), process_of(group).weak_from_this()};
}

/// Asks the guest support library for a thread that serves under this cookie.
result<std::monostate> spawn_in_guest(instance_group& group, std::uint32_t cookie)
{
  std::array<value_slot, 1> values{value_slot::of_i32(cookie)};
  const auto spawn = group.store().find_function(main_module, spawn_group_export);
  if (auto called = group.call(*spawn, values); !called) {
    return fail(std::move(called.error()));
  }
  if (values[0].i32() != 0) {
    return fail(errc::spawn_failed, "the guest could not make a thread: errno " + std::to_string(values[0].i32()));
  }
  return std::monostate{};
}

/// Posts `work` to a group's thread; `done` completes once, whatever becomes of the group. What unwinds the guest ends
/// the process as it would have from the guest's own call.
template <class T, class Work>
void post(const std::shared_ptr<process_core>& process, group_id id, const pending<T>& done, Work work)
{
  const std::shared_ptr<instance_group> target = process->threads.find(id);
  if (target == nullptr) {
    done->complete(fail(errc::stopping, "the group has ended"));
    return;
  }
  done->state()->wake = [process = std::weak_ptr(process), id] {
    const auto core = process.lock();
    if (const auto group = core == nullptr ? nullptr : core->threads.find(id)) {
      group->wake_waits();
    }
  };
  const post_outcome posted = target->calls.post([done, work = std::move(work)](instance_group* group) mutable {
    if (group == nullptr) {
      done->complete(fail(errc::stopping, "the group has ended"));
      return;
    }
    if (!done->state()->begin()) {
      return; // cancelled
    }
    group->calls.begin(done);
    operation_state* const outer = std::exchange(group->carried_out, done->state().get());
    result<T> outcome = unless_exhausted("a call of the embedder's", [&] {
      return work(*group, wait_limit(std::nullopt, &done->state()->is_cancelled()));
    });
    group->carried_out = outer;
    if (!outcome && unwinds_guest(outcome.error().code())) {
      outcome = fail(with_stale_pointers(*group, with_thrown_object(outcome.error(), group->memory())));
      process_of(*group).on_thread_result(fail(outcome.error()));
      if (outcome.error().code() == errc::thread_exited) {
        group->unwinding = outcome.error(); // the guest has given this thread's stack away
      }
    }
    group->calls.finish(done);
    done->complete(std::move(outcome));
  });
  if (posted == post_outcome::accepted) {
    process->watch_calls(*target);
  } else {
    done->complete(fail(posted == post_outcome::full ? errc::mailbox_full : errc::stopping,
                        posted == post_outcome::full ? "the group has too many calls waiting" : "the group has ended"));
  }
}

} // namespace

void group::open(std::string name, std::uint32_t flags, const pending<library>& done)
{
  post<library>(process_->shared_core(), id_, done,
                [name = std::move(name), flags](instance_group& in, const wait_limit& limit) -> result<library> {
                  auto opened =
                      open_library(process_of(in).loader, in, name, flags, process_of(in).library_path(), limit);
                  if (!opened) {
                    return fail(std::move(opened.error()));
                  }
                  return library{*opened, process_of(in).weak_from_this()};
                });
}

void group::close(library closed, const pending<void>& done)
{
  post<void>(process_->shared_core(), id_, done, [closed](instance_group& in, const wait_limit&) {
    return close_library(process_of(in).loader, in, closed.handle);
  });
}

void group::find_symbol(library in, std::string name, const pending<function>& done)
{
  if (auto owned = check_owner(in.process, process_->shared_core(), "the library in which to find " + name); !owned) {
    done->complete(fail(std::move(owned.error())));
    return;
  }
  post<function>(process_->shared_core(), id_, done,
                 [in, name = std::move(name)](instance_group& at, const wait_limit&) -> result<function> {
                   return process_of(at).program().is_dynamic ? find_dynamic(at, in, name) : find_static(at, name);
                 });
}

void group::call(function callee, std::vector<guest_value> arguments, const pending<std::vector<guest_value>>& done)
{
  if (auto owned = check_owner(callee.process, process_->shared_core(), "function " + callee.export_name); !owned) {
    done->complete(fail(std::move(owned.error())));
    return;
  }
  post<std::vector<guest_value>>(process_->shared_core(), id_, done,
                                 [callee = std::move(callee), arguments = std::move(arguments)](
                                     instance_group& in, const wait_limit&) { return call_in(in, callee, arguments); });
}

result<process> process::make(asio::any_io_executor executor, runtime& shared, const std::string& program_path,
                              process_options options, host_registry host_functions)
{
  auto core = process_core::make(shared.engine(), program_path, std::move(options), std::move(host_functions),
                                 shared.background());
  if (!core) {
    return fail(std::move(core.error()));
  }
  return process(std::make_shared<process_owner>(std::move(*core)), std::move(executor));
}

process_owner::~process_owner()
{
  core_->end(stopped_outcome());
  if (guest_thread::is_current()) {
    core_->abandon_operations(); // it may be one of those that would be waited for
  } else {
    core_->join_threads(parker::clock::now() + std::chrono::seconds(1));
  }
}

void process::start(const pending<group>& done)
{
  done->state()->begin();
  if (!owner_->core().begin()) {
    done->complete(fail(errc::invalid_argument, "the program was started already"));
    return;
  }
  start_begun(done);
}

void process::start_begun(const pending<group>& done)
{
  // The first thread must not keep the handles alive: their end is what stops it.
  auto started = start_first_group(
      owner_->shared_core(), [executor = executor_, owner = std::weak_ptr(owner_), done](instance_group& in) {
        in.calls.begin(done);
        return run_program(in, [&](result<void> ready) {
          in.calls.finish(done);
          std::shared_ptr<process_owner> still_owned = owner.lock();
          if (ready && !still_owned) {
            ready = fail(errc::stopping, "the process has ended");
          }
          done->complete(ready ? result<group>(group(std::move(still_owned), in.id(), executor))
                               : result<group>(fail(std::move(ready.error()))));
        });
      });
  if (!started) {
    owner_->core().end(process_outcome{exit_code_of_load_failure, started.error()});
    done->complete(fail(std::move(started.error())));
  }
}

void process::run(const pending<process_outcome>& done)
{
  done->state()->begin();
  if (!owner_->core().begin()) {
    done->complete(fail(errc::invalid_argument, "the program was started already"));
    return;
  }
  // A program that runs to its end owns itself until then, or until nobody waits for that any more.
  done->keep(owner_);
  owner_->core().on_end([done](const process_outcome& outcome) { done->complete(outcome); });
  // What became of the start is in the outcome.
  start_begun(std::make_shared<pending_operation<group>>(completion<group>([](result<group>) {})));
}

void process::spawn_group(const pending<group>& done)
{
  done->state()->begin();
  process_core& core = owner_->core();
  const std::shared_ptr<instance_group> first = core.threads.find(first_group);
  if (first != nullptr && core.program().exports_spawn_group) {
    spawn_guest_group(*first, done);
    return;
  }
  if (core.program().exports_spawn_group || !core.has_begun()) {
    done->complete(fail(errc::spawn_failed, core.has_begun()
                                                ? "the program's main thread has left; its guest support library makes "
                                                  "threads for the embedder there"
                                                : "the program was not started"));
    return;
  }
  auto started = start_bare_group(owner_->shared_core(), [](instance_group& in) { return serve_calls(in); });
  if (!started) {
    done->complete(fail(std::move(started.error())));
    return;
  }
  done->complete(group(owner_, *started, executor_));
}

void process::spawn_guest_group(instance_group& first, const pending<group>& done)
{
  // Exactly one of the two completes it: the arrival of the thread, or the failure to make one.
  const std::uint32_t cookie = owner_->core().embedder_groups.expect(
      [owner = std::weak_ptr(owner_), executor = executor_, done](result<group_id> arrived) {
        std::shared_ptr<process_owner> still_owned = owner.lock();
        if (arrived && still_owned) {
          done->complete(group(std::move(still_owned), *arrived, executor));
        } else {
          done->complete(fail(arrived ? error(errc::stopping, "the process has ended") : arrived.error()));
        }
      });
  auto called = std::make_shared<pending_operation<std::monostate>>(
      completion<std::monostate>([core = owner_->shared_core(), cookie](result<std::monostate> outcome) {
        if (!outcome) {
          if (auto arrival = core->embedder_groups.take(cookie)) {
            arrival(fail(std::move(outcome.error())));
          }
        }
      }));
  post<std::monostate>(owner_->shared_core(), first.id(), called,
                       [cookie](instance_group& in, const wait_limit&) { return spawn_in_guest(in, cookie); });
}

bool process::interrupt(group_id thread)
{
  const std::shared_ptr<instance_group> target = owner_->core().threads.find(thread);
  if (target != nullptr) {
    target->interrupt();
  }
  return target != nullptr;
}

error process::located(const error& failure) const
{
  return with_sources(owner_->core(), failure);
}

void process::stop(std::chrono::milliseconds grace, const pending<stop_report>& done)
{
  done->state()->begin();
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24);
  grace = std::min(grace, longest);
  // A thread of its own: neither the embedder's executor nor a guest thread may wait here.
  auto waiter = guest_thread::start(std::size_t{256} << 10, [core = owner_->shared_core(), grace, done]() mutable {
    core->end(stopped_outcome());
    stop_report report;
    if (!core->join_threads(parker::clock::now() + grace)) {
      report.still_running = core->threads.report();
    }
    core.reset(); // whoever learns of the stop may end the runtime, which the process must not outlive
    done->complete(std::move(report));
  });
  if (!waiter) {
    owner_->core().end(stopped_outcome()); // what waits and what calls the host ends all the same
    done->complete(fail(std::move(waiter.error())));
  }
}

} // namespace interlink

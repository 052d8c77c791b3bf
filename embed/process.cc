// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Processes and the posts to their groups.
#include "groups/instance_group.hh"
#include "messages/guest_end.hh"

#include <algorithm>
#include <utility>

#include "embed/conversions.hh"
#include "embed/guest_functions.hh"
#include "embed/inline_executor.hh"
#include "embed/operation_state.hh"
#include "embed/own_thread.hh"
#include "embed/states.hh"
#include "process/main_program.hh"
#include "process/thrown_object.hh"

namespace interlink::v0::detail {

namespace {

int descriptor_of(const stream& given, int own)
{
  return given.value() == stream::inherits ? own : given.value();
}

interlink::process_options to_internal(process_options given, const program_state& program)
{
  interlink::process_options made;
  made.wasi.args = std::move(given.arguments);
  if (made.wasi.args.empty()) {
    made.wasi.args.push_back(program.name);
  }
  made.wasi.env = std::move(given.environment);
  for (directory& each : given.directories) {
    made.wasi.preopens.push_back({std::move(each.host_path), std::move(each.guest_path), !each.is_writable});
  }
  made.wasi.stdin_fd = descriptor_of(given.input, 0);
  made.wasi.stdout_fd = descriptor_of(given.output, 1);
  made.wasi.stderr_fd = descriptor_of(given.errors, 2);
  made.library_path = std::move(given.library_path);
  made.memory.maximum_bytes = given.memory_limit;
  made.longest_open_wait = given.longest_open_wait;
  made.watchdog = given.watchdog;
  made.runs_command = given.runs_command;
  made.report = std::move(given.report);
  return made;
}

process_outcome to_public(const interlink::process_outcome& outcome)
{
  process_outcome made{end_kind::exited, outcome.exit_code, std::nullopt};
  if (outcome.failure) {
    made.kind = outcome.failure->code() == interlink::errc::stopping ? end_kind::stopped
                : is_trap(outcome.failure->code())                   ? end_kind::trapped
                                                                     : end_kind::failed;
    if (made.kind != end_kind::stopped) {
      made.failure = v0::to_public(*outcome.failure);
    }
  }
  return made;
}

/// Where the process reads the program: by its name when the file there is still the one that was compiled.
std::string path_of(const program_state& program)
{
  if (const auto now = library_files::open_host_file(program.name); now && now->identity == program.file.identity) {
    return program.name;
  }
  return "/dev/fd/" + std::to_string(program.file.file->value());
}

interlink::result<process_ptr> made_of(const program_ptr& program, process_options options)
{
  const host_functions functions = std::move(options.functions);
  interlink::runtime& shared = *program->runtime->own;
  const inline_executor completions(asio::query(shared.background(), asio::execution::context));
  auto made = interlink::process::make(completions, shared, path_of(*program),
                                       to_internal(std::move(options), *program), to_registry(functions));
  if (!made) {
    return interlink::fail(std::move(made.error()));
  }
  return std::make_shared<process_state>(program, std::move(*made));
}

/// What unwinds the guest ends the process as it would have from the guest's own call.
error end_of_guest(instance_group& group, const error& why)
{
  const interlink::error failure = with_thrown_object(to_internal(why), group.memory());
  process_of(group).on_thread_result(interlink::fail(failure));
  if (failure.code() == interlink::errc::thread_exited) {
    group.unwinding = failure; // the guest has given this thread's stack away
  }
  return v0::to_public(failure);
}

/// Context: the group's thread.
void carry_out(instance_group& group, const std::shared_ptr<operation_base>& posted)
{
  operation_base::state& state = posted->own();
  if (!state.progress.begin()) {
    return; // cancelled
  }
  const std::shared_ptr<carried_operation> carried(posted, &state.as_carried);
  group.calls.begin(carried);
  operation_state* const outer = std::exchange(group.carried_out, &state.progress);
  std::optional<error> ended;
  {
    guest_context context(&group);
    const error* const failed = posted->work(context);
    if (context.unwinding()) { // whether the function has handed it on or not
      ended = context.unwinding();
    } else if (failed != nullptr && unwinds_guest(static_cast<interlink::errc>(failed->code()))) {
      ended = *failed;
    }
  }
  group.carried_out = outer;
  if (ended) {
    const error why = end_of_guest(group, *ended);
    group.calls.finish(carried);
    posted->refuse(why);
  } else {
    group.calls.finish(carried);
    posted->finish();
  }
}

error has_ended()
{
  return {errc::stopping, "the group has ended"};
}

} // namespace

process_state::~process_state()
{
  own.reset();
  if (core->threads.alive_count() == 0) {
    return;
  }
  // Threads that are left use the runtime. On one of them nobody may wait for it: another does.
  const auto wait = [left = core, kept = program] {
    if (!left->join_threads(parker::clock::now() + std::chrono::seconds(1))) {
      static_cast<void>(new program_ptr(kept)); // it computes on, for ever
    }
  };
  constexpr std::size_t stack_bytes = std::size_t{256} << 10;
  if (!guest_thread::is_current() || !guest_thread::start(stack_bytes, wait)) {
    static_cast<void>(new program_ptr(program));
  }
}

void make_process(const program_ptr& program, process_options options,
                  const std::shared_ptr<operation<process_ptr>>& done)
{
  if (program == nullptr) {
    done->refuse(error(errc::invalid_argument, "no program is in the handle that a process is to be made of"));
    return;
  }
  on_own_thread(done, [program, options = std::move(options)]() mutable {
    return v0::to_public(made_of(program, std::move(options)));
  });
}

void start(const process_ptr& process, const std::shared_ptr<operation<std::uint32_t>>& done)
{
  done->own().progress.begin();
  if (!process->begin()) {
    done->refuse(error(errc::invalid_argument, "the program was started already"));
    return;
  }
  process->own->async_start([done](interlink::result<interlink::group> started) {
    done->complete(started ? result<std::uint32_t>(started->id().value) : fail(v0::to_public(started.error())));
  });
}

void run(const process_ptr& process, const std::shared_ptr<operation<process_outcome>>& done)
{
  done->own().progress.begin();
  if (!process->begin()) {
    done->refuse(error(errc::invalid_argument, "the program was started already"));
    return;
  }
  done->own().kept = process; // until then, or until nobody waits for that any more
  process->core->on_end([done](const interlink::process_outcome& outcome) { done->complete(to_public(outcome)); });
  process->own->async_start([](const interlink::result<interlink::group>&) {}); // what became of it is in the outcome
}

void wait(const process_ptr& process, const std::shared_ptr<operation<process_outcome>>& done)
{
  done->own().progress.begin();
  process->core->on_end([done](const interlink::process_outcome& outcome) { done->complete(to_public(outcome)); });
}

void spawn_group(const process_ptr& process, const std::shared_ptr<operation<std::uint32_t>>& done)
{
  done->own().progress.begin();
  process->own->async_spawn_group([done](interlink::result<interlink::group> made) {
    done->complete(made ? result<std::uint32_t>(made->id().value) : fail(v0::to_public(made.error())));
  });
}

void stop(const process_ptr& process, std::chrono::milliseconds grace,
          const std::shared_ptr<operation<stop_report>>& done)
{
  done->own().progress.begin();
  process->own->async_stop(grace, [done](interlink::result<interlink::stop_report> stopped) {
    if (!stopped) {
      done->refuse(v0::to_public(stopped.error()));
      return;
    }
    stop_report report;
    std::ranges::transform(stopped->still_running, std::back_inserter(report.still_running),
                           [](const thread_report& each) { return v0::to_public(each); });
    done->complete(std::move(report));
  });
}

bool interrupt(process_state& process, std::uint32_t group)
{
  return process.own->interrupt(group_id{group});
}

error located(const process_state& process, const error& why)
{
  return v0::to_public(process.own->located(to_internal(why)));
}

std::vector<thread_info> threads_of(const process_state& process)
{
  std::vector<thread_info> threads;
  std::ranges::transform(process.core->threads.report(), std::back_inserter(threads),
                         [](const thread_report& each) { return v0::to_public(each); });
  return threads;
}

std::optional<error> post(const process_ptr& process, std::uint32_t group, const std::shared_ptr<operation_base>& work)
{
  const std::shared_ptr<instance_group> target =
      process == nullptr ? nullptr : process->core->threads.find(group_id{group});
  if (target == nullptr) {
    return has_ended();
  }
  work->own().process = process->core;
  work->own().group = group_id{group};
  const post_outcome posted = target->calls.post([work](instance_group* at) {
    if (at == nullptr) {
      work->refuse(has_ended());
    } else {
      carry_out(*at, work);
    }
  });
  switch (posted) {
  case post_outcome::accepted:
    process->core->watch_calls(*target);
    return std::nullopt;
  case post_outcome::full:
    return error(errc::mailbox_full, "the group has too many calls waiting");
  case post_outcome::closed:
    break;
  }
  return has_ended();
}

} // namespace interlink::v0::detail

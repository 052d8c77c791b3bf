// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Processes and the posts to their groups.
#include "groups/instance_group.hh"
#include "messages/guest_end.hh"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <variant>

#include "embed/conversions.hh"
#include "embed/default_log.hh"
#include "embed/guest_functions.hh"
#include "embed/inline_executor.hh"
#include "embed/operation_state.hh"
#include "embed/own_thread.hh"
#include "embed/states.hh"
#include "process/main_program.hh"
#include "process/thrown_object.hh"

namespace interlink::v0::detail {

namespace {

/// Either the one or the other is given.
void set_stream(const stream& given, int own, int& descriptor, std::optional<wasi::stream_hooks>& hooks)
{
  descriptor = given.value() == stream::inherits ? own : given.value();
  if (given.source() || given.sink()) {
    hooks = wasi::stream_hooks{given.source(), given.sink()};
  }
}

/// The hook's answer; what it throws is one, too.
template <class Ask>
interlink::result<void> ask_policy(Ask ask)
{
  try {
    const result<void> allowed = ask();
    return allowed ? interlink::result<void>() : interlink::fail(to_internal(allowed.error()));
  } catch (...) {
    return interlink::fail(to_internal(to_error(std::current_exception())));
  }
}

audit to_internal(policy_hooks hooks)
{
  audit made;
  if (hooks.open) {
    made.open = [ask = std::move(hooks.open)](const audited_open& seen) {
      return ask_policy([&] { return ask({seen.name, seen.file, seen.hash, seen.requester, seen.group.value}); });
    };
  }
  if (hooks.import) {
    made.import = [ask = std::move(hooks.import)](const audited_import& seen) {
      std::optional<signature> type;
      if (const auto* function = std::get_if<function_type>(&seen.type)) {
        if (auto known = v0::to_public(*function)) {
          type = std::move(*known);
        }
      }
      return ask_policy([&] { return ask({seen.importer, seen.module_name, seen.name, std::move(type)}); });
    };
  }
  return made;
}

/// Errors: invalid_argument.
interlink::result<debug_options> debug_of(const process_options& given, const std::string& name)
{
  debug_options debug;
  const char* const asked = given.debug ? given.debug->c_str() : std::getenv("INTERLINK_DEBUG");
  if (const std::string unknown = debug.enable(asked == nullptr ? "" : asked); !unknown.empty()) {
    return interlink::fail(interlink::errc::invalid_argument,
                           (given.debug ? "process_options::debug" : "INTERLINK_DEBUG") +
                               std::string(": unknown category ") + unknown +
                               "; known are libs, symbols, bindings, threads, statistics, ops, actors, all");
  }
  debug.sink = v0::to_internal(given.log ? given.log : default_log(), given.name.value_or(name));
  return debug;
}

interlink::result<interlink::process_options> to_internal(process_options given, const program_state& program)
{
  interlink::process_options made;
  auto debug = debug_of(given, program.name);
  if (!debug) {
    return interlink::fail(std::move(debug.error()));
  }
  made.debug = std::move(*debug);
  made.wasi.args = std::move(given.arguments);
  if (made.wasi.args.empty()) {
    made.wasi.args.push_back(program.name);
  }
  made.wasi.env = std::move(given.environment);
  for (directory& each : given.directories) {
    made.wasi.preopens.push_back({std::move(each.host_path), std::move(each.guest_path), !each.is_writable});
  }
  set_stream(given.input, 0, made.wasi.stdin_fd, made.wasi.input);
  set_stream(given.output, 1, made.wasi.stdout_fd, made.wasi.output);
  set_stream(given.errors, 2, made.wasi.stderr_fd, made.wasi.errors);
  made.wasi.output_limit = given.output_limit;
  made.wasi.descriptor_limit = given.file_limit;
  made.library_path = std::move(given.library_path);
  made.memory.maximum_bytes = given.memory_limit;
  made.thread_limit = given.thread_limit;
  made.library_limit = given.library_limit;
  made.modules = program.runtime->modules;
  made.longest_call = given.longest_call;
  made.calls_hold_no_locks = given.calls_hold_no_locks;
  made.longest_open_wait = given.longest_open_wait;
  made.watchdog = given.watchdog;
  made.runs_command = given.runs_command;
  made.policy = to_internal(std::move(given.policy));
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
  auto internal = to_internal(std::move(options), *program);
  if (!internal) {
    return interlink::fail(std::move(internal.error()));
  }
  auto made =
      interlink::process::make(completions, shared, path_of(*program), std::move(*internal), to_registry(functions));
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

/// From here on guest code of this operation may go on for as long as one may, or until the operation around it is
/// due. Returns when that is.
parker::clock::time_point set_deadline(instance_group& group)
{
  process_core& process = process_of(group);
  const auto outer = group.deadline.load(std::memory_order_relaxed);
  if (const auto longest = process.options().longest_call) {
    group.deadline.store(std::min(outer, parker::clock::now() + *longest), std::memory_order_release);
    process.watch_deadlines();
  }
  return outer;
}

/// Takes the deadline back. Errors: deadline_passed when it was what has ended the guest.
std::optional<interlink::error> take_deadline(instance_group& group, parker::clock::time_point outer,
                                              const std::optional<error>& ended)
{
  const process_core& process = process_of(group);
  const auto until = group.deadline.exchange(outer, std::memory_order_acq_rel);
  if (until > parker::clock::now()) {
    return std::nullopt;
  }
  static_cast<void>(group.interruption()()); // what the deadline has sent and no wait has taken
  if (!ended || *ended != errc::stopping || process.has_ended()) {
    return std::nullopt;
  }
  interlink::error_detail detail = to_internal(*ended).detail();
  detail.message = "the call has lasted longer than its deadline, and was ended where it was";
  detail.remedy = "raise longest_call, or have the guest do less at once";
  return interlink::error(interlink::errc::deadline_passed, std::move(detail));
}

/// Whether nobody can wait for a lock of a call that was ended anywhere.
bool leaves_no_lock(instance_group& group)
{
  const process_core& process = process_of(group);
  return !std::exchange(group.was_ended_in_linker, false) &&
         (process.options().calls_hold_no_locks || process.environment.linked_memory == nullptr);
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
  const auto outer_deadline = set_deadline(group);
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
  if (const auto passed = take_deadline(group, outer_deadline, ended)) {
    const error why = v0::to_public(*passed);
    if (!leaves_no_lock(group)) {
      process_of(group).end_with(*passed);
    }
    group.calls.finish(carried);
    posted->refuse(why);
  } else if (ended) {
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

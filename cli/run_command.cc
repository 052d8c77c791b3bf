// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/run_command.hh"

#include "cli/cache_command.hh"
#include "cli/check_command.hh"
#include "cli/host_process.hh"
#include "cli/host_signals.hh"
#include "cli/invocation.hh"
#include "cli/messages.hh"
#include "cli/reserved_threads.hh"
#include "cli/signal_reports.hh"
#include "cli/trace_file.hh"
#include "engine/wasmtime_engine.hh"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "process/main_program.hh"
#include "process/process.hh"
#include "wasm/module_reader.hh"

namespace interlink::cli {

namespace {

/// Chosen: 32 KiB for each thread, far more than one does between two looks of the thread that writes the trace.
constexpr std::size_t events_of_traced_actor = 1023;

/// The guest's: the program's name, then what follows it on the command line.
std::vector<std::string> arguments_of(const run_options& options, std::vector<std::string> program_and_arguments)
{
  const std::string& program = program_and_arguments.front();
  const std::string name =
      options.program_name
          ? *options.program_name
          : guest_path_of(preopened_directories(options.guest_files), program).value_or(file_name_of(program));
  if (options.function) {
    return {name}; // the rest are that function's
  }
  program_and_arguments.front() = name;
  return program_and_arguments;
}

result<process_options> make_process_options(const run_options& options, std::vector<std::string> arguments)
{
  process_options process;
  process.memory = options.memory;
  process.wasi.args = std::move(arguments);
  process.wasi.preopens = preopened_directories(options.guest_files);
  process.wasi.initial_directory = options.initial_directory;
  process.wasi.network = options.network;
  const auto closed = closed_streams();
  process.wasi.stdin_fd = closed[STDIN_FILENO] ? -1 : STDIN_FILENO;
  process.wasi.stdout_fd = closed[STDOUT_FILENO] ? -1 : STDOUT_FILENO;
  process.wasi.stderr_fd = closed[STDERR_FILENO] ? -1 : STDERR_FILENO;
  process.wasi.env = guest_environment(options);
  process.library_path = options.guest_files.library_path;
  process.runs_command = !options.function;
  process.serves_calls = options.function.has_value();
  process.watchdog = options.watchdog.value_or(process.watchdog);
  if (options.trace) {
    process.events_per_actor = events_of_traced_actor;
  }
  process.thread_limit = options.limits.threads;
  process.library_limit = options.limits.libraries;
  process.wasi.descriptor_limit = options.limits.files;
  process.wasi.output_limit = options.limits.output;
  process.debug.sink = log_to_standard_error();
  if (const char* categories = std::getenv("INTERLINK_DEBUG")) {
    if (const std::string unknown = process.debug.enable(categories); !unknown.empty()) {
      return fail(errc::invalid_argument,
                  "INTERLINK_DEBUG: unknown category " + unknown +
                      "; known are libs, symbols, bindings, threads, statistics, ops, actors, all");
    }
  }
  return process;
}

/// The engine ends the host when it does not get the threads that it compiles with: it is given ones that run already,
/// or compiles without.
result<engine::engine_ptr> make_engine(const run_options& options)
{
  engine::engine_options engine_options;
  engine_options.cache_directory = cache_directory_of(options.cache);
  const std::size_t wanted = reserved_threads::of_compiler();
  reserved_threads threads(wanted + 1); // and the guest's main thread finds room, too
  const auto make = [&] {
    return threads.count() > wanted ? threads.serve([&] {
      return engine::make_wasmtime_engine(engine_options, engine::parallel_compilation::always);
    })
                                    : engine::make_wasmtime_engine(engine_options, engine::parallel_compilation::never);
  };
  auto engine = make();
  if (!engine && options.cache == "default") {
    engine_options.cache_directory.clear(); // nobody asked for a cache: without one it only takes longer to start
    engine = make();
  }
  return engine;
}

int report_failure(const std::string& program, const error& failure, int code)
{
  print_failure(program, failure);
  return code;
}

int report_end(process& guest, const std::string& program, const process_outcome& outcome)
{
  const auto code = static_cast<int>(outcome.exit_code);
  return outcome.failure ? report_failure(program, guest.located(*outcome.failure), code) : code;
}

result<void> begin_trace(process& guest, const std::string& path)
{
  auto file = output_file::make(recording_path(path));
  if (!file) {
    return fail(std::move(file.error()));
  }
  auto shared = std::make_shared<output_file>(std::move(*file));
  return guest.trace().start([shared](std::string_view text) {
    auto written = shared->write(text);
    if (!written) {
      print_line("interlink: the trace ends here, the program goes on: " + written.error().message());
    }
    return written;
  });
}

void end_trace(process& guest, const std::string& path)
{
  const auto report = guest.trace().stop();
  if (!report) {
    return;
  }
  if (report->failure && report->failure->code() == errc::deadline_passed) {
    print_line("interlink: --trace " + path + ": " + report->failure->message());
    return;
  }
  if (report->dropped != 0) {
    print_line("interlink: --trace " + path + ": " + std::to_string(report->dropped) +
               " events came too fast and were "
               "dropped");
  }
  if (auto finished = finish_trace_file(path); !finished) {
    print_line("interlink: --trace: " + finished.error().message());
  }
}

/// The main thread while the guest runs: it carries out completions, and turns that others left to it. So the
/// command needs no thread besides the guest's.
class main_loop {
public:
  asio::io_context& context() { return context_; }

  void end(int exit_code)
  {
    exit_code_ = exit_code;
    context_.stop();
  }

  int run()
  {
    const auto work = asio::make_work_guard(context_);
    context_.run();
    return exit_code_;
  }

private:
  asio::io_context context_;
  int exit_code_{};
};

/// Exit code when the time is over. Source: timeout(1).
constexpr std::uint32_t exit_code_of_timeout = 124;

/// A call of a function may compute on, so the command does not wait for it. Who waits for a whole run is told of its
/// end anyway, and is told first.
void end_after(main_loop& loop, process& guest, const std::string& program, std::chrono::milliseconds time)
{
  auto* const timer = new asio::steady_timer(loop.context(), time); // as long as the command, like the guest
  timer->async_wait([&loop, &guest, program, time](const asio::error_code&) {
    const double seconds = std::chrono::duration<double>(time).count();
    const process_outcome outcome{
        exit_code_of_timeout,
        error(errc::deadline_passed,
              fmt::format("the program has run for {} seconds, which --timeout allows", seconds))};
    guest.core().end(outcome);
    asio::post(loop.context(), [&loop, &guest, program, outcome] {
      const auto ended = guest.wait_until(parker::clock::now()); // perhaps by itself, a moment before
      loop.end(report_end(guest, program, ended ? *ended : outcome));
    });
  });
}

/// A function and its arguments.
struct invoked_function {
  std::string name;
  std::vector<guest_value> arguments;
};

/// Errors: symbol_not_found with the functions that there are; invalid_argument for words that do not fit.
result<invoked_function> read_invocation(process& guest, const std::string& name, std::span<const std::string> words)
{
  const auto bytes = library_files::read(guest.core().program().file);
  const auto info = bytes ? read_module(*bytes) : result<module_info>(fail(bytes.error()));
  if (!info) {
    return fail(info.error());
  }
  const export_info* exported = info->find_export(name);
  const auto* type = exported == nullptr ? nullptr : std::get_if<function_type>(&exported->type);
  if (type == nullptr) {
    return fail(no_such_function(name, *info));
  }
  auto arguments = parse_arguments(name, *type, words);
  if (!arguments) {
    return fail(std::move(arguments.error()));
  }
  return invoked_function{name, std::move(*arguments)};
}

/// Starts the program, calls the function, prints what it returns. Context: lives as long as the command.
class invocation {
public:
  invocation(process& guest, main_loop& loop, std::string program, invoked_function function)
      : guest_(guest), loop_(loop), program_(std::move(program)), function_(std::move(function))
  {
  }

  void begin()
  {
    guest_.async_start([this](result<group> started) {
      if (!started) {
        end_with(started.error(), exit_code_of_load_failure);
        return;
      }
      started->async_find_symbol(library{main_handle}, function_.name, [this, at = *started](result<function> found) {
        found ? call(at, *found) : end_with(found.error(), exit_code_of_load_failure);
      });
    });
  }

private:
  void call(group at, function callee)
  {
    at.async_call(std::move(callee), function_.arguments, [this](result<std::vector<guest_value>> returned) {
      if (!returned) {
        end_with(returned.error(), exit_code_of_trap);
        return;
      }
      print_result(to_text(*returned));
      loop_.end(0);
    });
  }

  /// How the guest ended the process counts for more than what became of the call.
  void end_with(const error& failure, unsigned otherwise)
  {
    const auto ended = guest_.wait_until(parker::clock::now());
    loop_.end(ended ? report_end(guest_, program_, *ended)
                    : report_failure(program_, guest_.located(failure), static_cast<int>(otherwise)));
  }

  process& guest_;
  main_loop& loop_;
  std::string program_;
  invoked_function function_;
};

} // namespace

int run(const run_options& options, std::vector<std::string> program_and_arguments)
{
  const std::string program = program_and_arguments.front();
  if (options.checks_only) {
    return check_program(options, program);
  }
  const std::vector<std::string> words(program_and_arguments.begin() + 1, program_and_arguments.end());
  auto process_options = make_process_options(options, arguments_of(options, std::move(program_and_arguments)));
  if (!process_options) {
    return report_failure(program, process_options.error(), exit_wrong_usage);
  }
  auto engine = make_engine(options);
  if (!engine) {
    return report_failure(program, engine.error(), exit_wrong_usage);
  }
  // Never destroyed: threads of the guest may go on until the command ends.
  auto* const loop = new main_loop;
  auto* const shared = new runtime(std::move(*engine), loop->context().get_executor());
  auto made = process::make(loop->context().get_executor(), *shared, program, std::move(*process_options));
  if (!made) {
    const bool is_usage = made.error().code() == errc::invalid_argument;
    return report_failure(program, made.error(),
                          is_usage ? exit_wrong_usage : static_cast<int>(exit_code_of_load_failure));
  }
  auto* const guest = new process(std::move(*made));
  pass_signals_on(loop->context(), *guest);
  if (options.trace) {
    if (auto begun = begin_trace(*guest, *options.trace); !begun) {
      return report_failure("--trace", begun.error(), exit_wrong_usage);
    }
  }
  (new signal_reports(loop->context(), *guest))->begin();
  if (options.function) {
    auto called = read_invocation(*guest, *options.function, words);
    if (!called) {
      return report_failure(program, called.error(), exit_wrong_usage);
    }
    (new invocation(*guest, *loop, program, std::move(*called)))->begin();
  } else {
    guest->async_run([guest, loop, program](const result<process_outcome>& outcome) {
      loop->end(outcome ? report_end(*guest, program, *outcome)
                        : report_failure(program, outcome.error(), static_cast<int>(exit_code_of_load_failure)));
    });
  }
  if (options.limits.time) {
    end_after(*loop, *guest, program, *options.limits.time);
  }
  const int code = loop->run();
  if (options.trace) {
    end_trace(*guest, *options.trace);
  }
  return code;
}

} // namespace interlink::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/run_command.hh"

#include "cli/host_process.hh"
#include "cli/messages.hh"
#include "engine/wasmtime_engine.hh"

#include <asio/detached.hpp>
#include <asio/system_executor.hpp>

#include <cstdlib>
#include <optional>
#include <unistd.h>
#include <utility>

#include "process/main_program.hh"
#include "process/process.hh"

namespace interlink::cli {

namespace {

/// Nothing for a variable that the host does not have either.
std::optional<std::string> parse_variable(const std::string& text)
{
  if (text.find('=') != std::string::npos) {
    return text;
  }
  const char* value = std::getenv(text.c_str());
  return value == nullptr ? std::nullopt : std::optional(text + "=" + value);
}

/// Nothing when there is no place for it.
std::string cache_directory(const std::string& choice)
{
  if (choice == "off") {
    return {};
  }
  if (choice != "default") {
    return choice;
  }
  if (const char* base = std::getenv("XDG_CACHE_HOME"); base != nullptr && *base == '/') {
    return std::string(base) + "/interlink/wasm";
  }
  const char* home = std::getenv("HOME");
  return home == nullptr ? std::string{} : std::string(home) + "/.cache/interlink/wasm";
}

result<process_options> make_process_options(const run_options& options, std::vector<std::string> arguments)
{
  process_options process;
  process.memory = options.memory;
  process.wasi.args = std::move(arguments);
  process.wasi.preopens = preopened_directories(options.guest_files);
  process.wasi.initial_directory = options.initial_directory;
  const auto closed = closed_streams();
  process.wasi.stdin_fd = closed[STDIN_FILENO] ? -1 : STDIN_FILENO;
  process.wasi.stdout_fd = closed[STDOUT_FILENO] ? -1 : STDOUT_FILENO;
  process.wasi.stderr_fd = closed[STDERR_FILENO] ? -1 : STDERR_FILENO;
  for (const std::string& text : options.environment) {
    if (auto variable = parse_variable(text)) {
      process.wasi.env.push_back(std::move(*variable));
    }
  }
  process.library_path = options.guest_files.library_path;
  process.serves_calls = false; // nobody is there to call
  process.watchdog = options.watchdog.value_or(process.watchdog);
  if (process.watchdog.count() == 0) {
    process.events_per_actor = 0; // nobody reads them
  }
  process.report = [](const std::string& text) {
    print_line("interlink: " + text);
  };
  process.debug.sink = [](const std::string& text) {
    print_line(text);
  };
  if (const char* categories = std::getenv("INTERLINK_DEBUG")) {
    if (const std::string unknown = process.debug.enable(categories); !unknown.empty()) {
      return fail(errc::invalid_argument, "INTERLINK_DEBUG: unknown category " + unknown +
                                              "; known are libs, symbols, bindings, statistics, all");
    }
  }
  return process;
}

int report_failure(const std::string& program, const error& failure, int code)
{
  print_failure(program, failure);
  return code;
}

} // namespace

int run(const run_options& options, std::vector<std::string> program_and_arguments)
{
  const bool is_option = !program_and_arguments.empty() && program_and_arguments.front().starts_with("-") &&
                         program_and_arguments.front() != "-";
  if (program_and_arguments.empty() || is_option) {
    print_line(program_and_arguments.empty()
                   ? "interlink run: no program given; see interlink run --help"
                   : "interlink run: unknown option " + program_and_arguments.front() + "; see interlink run --help");
    return exit_wrong_usage;
  }
  const std::string program = program_and_arguments.front();
  auto process_options = make_process_options(options, std::move(program_and_arguments));
  if (!process_options) {
    return report_failure(program, process_options.error(), exit_wrong_usage);
  }
  engine::engine_options engine_options;
  engine_options.cache_directory = cache_directory(options.cache);
  auto engine = engine::make_wasmtime_engine(engine_options);
  if (!engine && options.cache == "default") {
    engine_options.cache_directory.clear(); // nobody asked for a cache: without one it only takes longer to start
    engine = engine::make_wasmtime_engine(engine_options);
  }
  if (!engine) {
    return report_failure(program, engine.error(), exit_wrong_usage);
  }
  // Never destroyed: threads of the guest may go on until the command ends.
  auto* const shared = new runtime(std::move(*engine));
  auto made = process::make(asio::system_executor(), *shared, program, std::move(*process_options));
  if (!made) {
    const bool is_usage = made.error().code() == errc::invalid_argument;
    return report_failure(program, made.error(), is_usage ? exit_wrong_usage : exit_code_of_load_failure);
  }
  auto* const guest = new process(std::move(*made));
  guest->async_run(asio::detached);
  const process_outcome outcome = guest->wait();
  if (outcome.failure) {
    print_failure(program, guest->located(*outcome.failure));
  }
  return static_cast<int>(outcome.exit_code);
}

} // namespace interlink::cli

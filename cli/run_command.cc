// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/run_command.hh"

#include "cli/debug_help.hh"
#include "cli/messages.hh"
#include "cli/size_options.hh"
#include "engine/wasmtime_engine.hh"
#include "groups/main_program.hh"
#include "groups/process.hh"

#include <asio/detached.hpp>
#include <asio/system_executor.hpp>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

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

/// Seconds, with a fraction or without, or `off`. Nothing for what is neither, and for less than a millisecond.
std::optional<std::chrono::milliseconds> parse_watchdog(const std::string& text)
{
  if (text == "off") {
    return std::chrono::milliseconds(0);
  }
  constexpr double longest = 1e9;
  double seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc{} || end != text.data() + text.size() || !(seconds >= 0.001) || seconds > longest) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

result<process_options> make_process_options(const run_options& options, std::vector<std::string> arguments)
{
  process_options process;
  process.memory = options.memory;
  process.wasi.args = std::move(arguments);
  process.wasi.preopens = preopened_directories(options.guest_files);
  for (const std::string& text : options.environment) {
    if (auto variable = parse_variable(text)) {
      process.wasi.env.push_back(std::move(*variable));
    }
  }
  process.library_path = options.guest_files.library_path;
  process.serves_calls = false; // nobody is there to call
  process.watchdog = options.watchdog;
  if (options.watchdog.count() == 0) {
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

CLI::App* add_run_command(CLI::App& app, run_options& options)
{
  CLI::App* command = app.add_subcommand("run", "Run a program: interlink run [OPTIONS] program.wasm [arguments...]");
  add_guest_file_options(*command, options.guest_files, " (none: the guest sees no files)");
  command
      ->add_option("--env", options.environment,
                   "Set a variable of the guest; KEY alone passes the host's on, if it has one; may be repeated")
      ->type_name("KEY[=VALUE]")
      ->allow_extra_args(false);
  add_size_options(*command, options.memory);
  command
      ->add_option("--wasm-cache", options.cache,
                   "Keep compiled modules in DIR ($XDG_CACHE_HOME/interlink/wasm, else ~/.cache/interlink/wasm)")
      ->type_name("DIR|off");
  command
      ->add_option_function<std::string>(
          "--watchdog", [&options](const std::string& text) { options.watchdog = *parse_watchdog(text); },
          "Report on standard error when a thread waits in the linker for longer (1)")
      ->check([](const std::string& text) {
        return parse_watchdog(text) ? std::string() : text + " is neither seconds, such as 0.5, nor off";
      })
      ->type_name("SECONDS|off");
  command->footer(
      "Everything after the program belongs to the guest, options too. The exit code is the guest's own; 127 when the\n"
      "program or a library that it needs cannot be loaded or linked; 134 after a trap; 2 for wrong usage.\n\n" +
      std::string(debug_help));
  command->prefix_command();
  return command;
}

int run(const run_options& options, std::vector<std::string> program_and_arguments)
{
  if (program_and_arguments.empty() || program_and_arguments.front().starts_with("-")) {
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
    print_failure(program, *outcome.failure);
  }
  return static_cast<int>(outcome.exit_code);
}

} // namespace interlink::cli

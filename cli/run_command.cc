// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/run_command.hh"

#include "cli/messages.hh"
#include "engine/wasmtime_engine.hh"
#include "groups/main_program.hh"
#include "groups/process.hh"

#include <CLI/Validators.hpp>
#include <asio/detached.hpp>

#include <cstdlib>
#include <utility>

namespace interlink::cli {

namespace {

/// HOST or HOST::GUEST; the guest's name is the host's when none is given.
wasi::preopen parse_directory(const std::string& text)
{
  const std::size_t separator = text.find("::");
  return separator == std::string::npos ? wasi::preopen{text, text}
                                        : wasi::preopen{text.substr(0, separator), text.substr(separator + 2)};
}

std::string parse_variable(const std::string& text)
{
  if (text.find('=') != std::string::npos) {
    return text;
  }
  const char* value = std::getenv(text.c_str());
  return text + "=" + (value == nullptr ? "" : value);
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
  if (options.stack_bytes != 0) {
    process.memory.stack_bytes = options.stack_bytes;
  }
  if (options.memory_bytes_max != 0) {
    process.memory.maximum_bytes = options.memory_bytes_max;
  }
  process.wasi.args = std::move(arguments);
  for (const std::string& directory : options.directories) {
    process.wasi.preopens.push_back(parse_directory(directory));
  }
  for (const std::string& variable : options.environment) {
    process.wasi.env.push_back(parse_variable(variable));
  }
  process.library_path = options.library_path;
  process.report = [](const std::string& text) { print_line("interlink: " + text); };
  process.debug.sink = [](const std::string& text) { print_line(text); };
  if (const char* categories = std::getenv("INTERLINK_DEBUG")) {
    if (const std::string unknown = process.debug.enable(categories); !unknown.empty()) {
      return fail(errc::invalid_argument,
                  "INTERLINK_DEBUG: unknown category " + unknown + "; known are libs, symbols, bindings, statistics, all");
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
  CLI::App* command = app.add_subcommand("run", "Run a program: interlink run [options] program.wasm [arguments...]");
  command->add_option("--dir", options.directories, "Give the guest a directory, as HOST or HOST::GUEST")
    ->allow_extra_args(false);
  command->add_option("--env", options.environment, "Set a variable of the guest, as KEY=VALUE; KEY passes the host's on")
    ->allow_extra_args(false);
  command->add_option("--lib-path", options.library_path, "Look for libraries in this host directory")
    ->allow_extra_args(false);
  command->add_option("--stack-size", options.stack_bytes, "Bytes of the main thread's stack (8 MiB)")
    ->transform(CLI::AsSizeValue(false));
  command->add_option("--max-memory", options.memory_bytes_max, "Most bytes of linear memory (what the program declares)")
    ->transform(CLI::AsSizeValue(false));
  command->add_option("--wasm-cache", options.cache, "Directory for compiled modules, or off");
  command->prefix_command();
  return command;
}

int run(const run_options& options, std::vector<std::string> program_and_arguments)
{
  if (program_and_arguments.empty() || program_and_arguments.front().starts_with("-")) {
    print_line(program_and_arguments.empty() ? "interlink run: no program given"
                                             : "interlink run: unknown option " + program_and_arguments.front());
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
  if (!engine) {
    return report_failure(program, engine.error(), exit_wrong_usage);
  }
  // Never destroyed: threads of the guest may go on until the command ends.
  auto* const shared = new runtime(std::move(*engine));
  auto made = process::make(shared->background(), *shared, program, std::move(*process_options));
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

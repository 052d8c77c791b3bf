// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command `interlink`: parse, run, exit code.
#include "cli/debug_help.hh"
#include "cli/ldd_command.hh"
#include "cli/messages.hh"
#include "cli/nm_command.hh"
#include "cli/run_command.hh"
#include "engine/wasmtime_engine.hh"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace interlink;
using namespace interlink::cli;

std::string version_text()
{
  return "interlink " INTERLINK_VERSION " (Wasmtime " + std::string(engine::wasmtime_version()) + ")";
}

/// A word where a command should be; empty when there is none.
std::string unknown_command(const CLI::App& app, int argc, char** argv)
{
  const std::string first = argc > 1 ? argv[1] : "";
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  const bool is_known = std::ranges::find(commands, first, &CLI::App::get_name) != commands.end();
  return first.empty() || first.front() == '-' || is_known ? std::string() : first;
}

/// The words after `interlink`, last first as the parser wants them, without the `--` that may stand between the
/// options of `run`, each of which has a value, and the program: a parser of commands would take it as the end of the
/// command.
std::vector<std::string> reversed_words(int argc, char** argv)
{
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "run") {
    std::size_t place = 1;
    while (place < words.size() && words[place].starts_with("--") && words[place] != "--") {
      place += words[place].find('=') == std::string::npos ? 2 : 1;
    }
    if (place < words.size() && words[place] == "--") {
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(place));
    }
  }
  std::ranges::reverse(words);
  return words;
}

/// The exit code of help, version, or wrong usage, whose text is printed.
int report_parse_outcome(const CLI::App& app, const CLI::ParseError& outcome)
{
  if (outcome.get_exit_code() == 0) {
    return app.exit(outcome);
  }
  const auto commands = app.get_subcommands(); // those that were named
  const std::string command = commands.empty() ? "interlink" : "interlink " + commands.front()->get_name();
  print_line(command + ": " + outcome.what() + "; see " + command + " --help");
  return exit_wrong_usage;
}

int run_command_line(int argc, char** argv)
{
  CLI::App app{"Interlink, the dynamic linker for threaded WebAssembly", "interlink"};
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text());
  app.footer("`interlink COMMAND --help` tells more of each.\n\n" + std::string(debug_help));
  run_options run_with;
  ldd_options ldd_with;
  nm_options nm_with;
  const CLI::App* run_command = add_run_command(app, run_with);
  const CLI::App* ldd_command = add_ldd_command(app, ldd_with);
  add_nm_command(app, nm_with);
  if (const std::string word = unknown_command(app, argc, argv); !word.empty()) {
    print_line("interlink: unknown command " + word + "; see interlink --help");
    return exit_wrong_usage;
  }
  try {
    app.parse(reversed_words(argc, argv));
  } catch (const CLI::ParseError& outcome) {
    return report_parse_outcome(app, outcome);
  }
  if (run_command->parsed()) {
    return run(run_with, run_command->remaining());
  }
  return ldd_command->parsed() ? show_needed(ldd_with) : list_symbols_of_files(nm_with);
}

} // namespace

int main(int argc, char** argv)
{
  int code = run_command_line(argc, argv);
  // Guest threads may still run, and nothing of theirs is worth waiting for: no destructors.
  if (!flush_results() && code == 0) {
    print_line("interlink: cannot write to standard output");
    code = exit_cannot_inspect;
  }
  ::_exit(code);
}

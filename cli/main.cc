// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command `interlink`: parse, run, exit code.
#include "cli/messages.hh"
#include "cli/run_command.hh"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv)
{
  using namespace interlink::cli;
  CLI::App app{"Interlink, the dynamic linker for threaded WebAssembly", "interlink"};
  app.require_subcommand(1);
  run_options run_with;
  const CLI::App* run_command = add_run_command(app, run_with);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    const int code = app.exit(failure);
    return code == 0 ? 0 : exit_wrong_usage;
  }
  int code = exit_wrong_usage;
  if (run_command->parsed()) {
    code = run(run_with, run_command->remaining());
  }
  // Guest threads may still run, and nothing of theirs is worth waiting for: no destructors.
  std::fflush(nullptr);
  ::_exit(code);
}

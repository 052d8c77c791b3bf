// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command `interlink`.
#include "cli/command_line.hh"
#include "cli/host_process.hh"
#include "cli/messages.hh"

#include <exception>
#include <string>
#include <unistd.h>

#include "process/main_program.hh"

namespace {

/// Limits of the host that nobody could answer for: no memory, no threads, no descriptors.
int run_protected(int argc, char** argv)
{
  try {
    return interlink::cli::run_command_line(argc, argv);
  } catch (const std::exception& failure) {
    interlink::cli::print_line(std::string("interlink: a limit of the host: ") + failure.what());
    return interlink::exit_code_of_load_failure;
  }
}

} // namespace

int main(int argc, char** argv)
{
  using namespace interlink::cli;
  prepare_host_process();
  int code = run_protected(argc, argv);
  // Guest threads may still run, and nothing of theirs is worth waiting for: no destructors.
  if (!flush_results() && code == 0) {
    print_line("interlink: cannot write to standard output");
    code = exit_cannot_inspect;
  }
  ::_exit(code);
}

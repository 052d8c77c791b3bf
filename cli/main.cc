// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command `interlink`.
#include "cli/command_line.hh"
#include "cli/host_process.hh"
#include "cli/messages.hh"

#include <unistd.h>

int main(int argc, char** argv)
{
  using namespace interlink::cli;
  prepare_host_process();
  int code = run_command_line(argc, argv);
  // Guest threads may still run, and nothing of theirs is worth waiting for: no destructors.
  if (!flush_results() && code == 0) {
    print_line("interlink: cannot write to standard output");
    code = exit_cannot_inspect;
  }
  ::_exit(code);
}

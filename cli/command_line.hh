// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line: a table of subcommands, each with its options, which end in a plain struct. No other file includes
// the parser's headers, which take longer to compile than all the rest of the command.
#pragma once

namespace interlink::cli {

/// Parses the command line, carries out the subcommand and returns the exit code. Help, version and wrong usage are
/// printed.
int run_command_line(int argc, char** argv);

} // namespace interlink::cli

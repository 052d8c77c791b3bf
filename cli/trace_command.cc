// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/trace_command.hh"

#include "cli/messages.hh"
#include "cli/trace_file.hh"

#include "trace/formats.hh"
#include "trace/summary.hh"

namespace interlink::cli {

int show_trace(const trace_options& options)
{
  const auto trace = read_trace_file(options.file);
  if (!trace) {
    print_failure(options.file, trace.error());
    return exit_cannot_inspect;
  }
  const auto form = trace::format_named(options.to);
  print_result(form ? trace::to_text(*trace, *form) : trace::to_text(trace::summarise(*trace)));
  return 0;
}

} // namespace interlink::cli

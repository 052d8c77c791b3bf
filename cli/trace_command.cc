// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/trace_command.hh"

#include "cli/messages.hh"
#include "cli/trace_file.hh"

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

#include "trace/check.hh"
#include "trace/formats.hh"
#include "trace/jsonl.hh"
#include "trace/summary.hh"

namespace interlink::cli {

namespace {

/// Chosen: soon enough for a person.
constexpr std::chrono::milliseconds pause_between_looks{50};

int fail_with(const trace_options& options, const error& failure)
{
  print_failure(options.file, failure);
  return exit_cannot_inspect;
}

/// Prints events in the order of the file until its recording has ended, and waits for those that are not written yet.
int follow(const trace_options& options)
{
  std::ifstream file(options.file, std::ios::binary);
  if (!file) {
    return fail_with(options, error(errc::file_unreadable, options.file + ": cannot be read"));
  }
  const bool is_plain = trace::format_named(options.to) == trace::format::jsonl;
  trace::jsonl_reader reader;
  std::string line;
  while (!reader.trace().is_whole) {
    std::string piece;
    std::getline(file, piece);
    line += piece;
    if (file.eof()) { // the rest of this line is still to come
      file.clear();
      std::this_thread::sleep_for(pause_between_looks);
      continue;
    }
    if (file.bad()) {
      return fail_with(options, error(errc::file_unreadable, options.file + ": cannot be read any more"));
    }
    if (auto added = reader.add(line); !added) {
      return fail_with(options, added.error());
    }
    trace::recorded_trace& seen = reader.trace();
    for (const trace::recorded_event& event : seen.events) {
      if (trace::concerns(event, options.filter)) {
        print_result(is_plain ? line + "\n" : to_text(event) + "\n");
      }
    }
    for (const trace::recorded_drop& drop : seen.drops) {
      print_result(is_plain ? line + "\n" : to_text(drop) + "\n");
    }
    seen.events.clear();
    seen.drops.clear();
    line.clear();
    if (!flush_results()) {
      return exit_cannot_inspect;
    }
  }
  return 0;
}

} // namespace

int show_trace(const trace_options& options)
{
  if (options.follows) {
    return follow(options);
  }
  auto trace = read_trace_file(options.file);
  if (!trace) {
    return fail_with(options, trace.error());
  }
  if (options.checks) {
    const trace::run_check checked = trace::check(*trace);
    print_result(to_text(checked));
    return checked.broken || !checked.incomplete.empty() ? exit_cannot_inspect : 0;
  }
  if (!options.filter.is_everything()) {
    *trace = trace::filtered(*trace, options.filter);
    if (trace->events.empty()) {
      return fail_with(options, error(errc::invalid_argument, "no event of the trace fits"));
    }
  }
  const auto form = trace::format_named(options.to);
  print_result(form ? trace::to_text(*trace, *form) : trace::to_text(trace::summarise(*trace)));
  return 0;
}

} // namespace interlink::cli

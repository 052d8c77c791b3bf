// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/event_lines.hh"

#include <fmt/format.h>

namespace interlink {

namespace {

bool is_of_operation(event_kind kind)
{
  return kind == event_kind::commit || kind == event_kind::publish || kind == event_kind::apply ||
         kind == event_kind::settle;
}

} // namespace

tracing::watcher event_lines(const debug_options& debug)
{
  if (!debug.sink || (!debug.ops && !debug.actors)) {
    return nullptr;
  }
  return [sink = debug.sink, shows_all = debug.actors](const trace::recorded_event& event) {
    if (shows_all || is_of_operation(event.kind)) {
      sink(to_text(event));
    }
  };
}

} // namespace interlink

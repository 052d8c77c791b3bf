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

tracing::watcher event_lines(const debug_log& log)
{
  if (!log.enabled().sink || (!log.enabled().ops && !log.enabled().actors)) {
    return nullptr;
  }
  return [log](const trace::recorded_event& event) {
    if (is_of_operation(event.kind)) {
      log.write_line(log.enabled().ops ? log_category::ops : log_category::actors, event.actor, to_text(event));
    } else if (log.enabled().actors) {
      log.write_line(log_category::actors, event.actor, to_text(event));
    }
  };
}

} // namespace interlink

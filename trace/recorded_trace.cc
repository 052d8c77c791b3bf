// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/recorded_trace.hh"

#include <fmt/format.h>

#include <algorithm>

namespace interlink::trace {

std::string name_of_actor(group_id actor)
{
  return actor == no_group ? "coordinator" : "thread " + std::to_string(actor.value);
}

std::string to_text(const recorded_event& event)
{
  const interlink::event plain{.ticks = 0,
                               .subject = event.subject,
                               .name = 0,
                               .message = event.message,
                               .cause = event.cause,
                               .peer = event.peer,
                               .kind = event.kind,
                               .request = event.request,
                               .phase = event.phase,
                               .note = event.note};
  return fmt::format("{:.3f} ms {}: {}{}{}", static_cast<double>(event.time) / 1e6, name_of_actor(event.actor),
                     to_string(plain), event.name.empty() ? "" : ", of ", event.name);
}

void sort_by_time(recorded_trace& trace)
{
  std::ranges::stable_sort(trace.events, {}, &recorded_event::time);
}

} // namespace interlink::trace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/recorded_trace.hh"

#include <fmt/format.h>

#include <algorithm>

namespace interlink::trace {

actor_role role_of(group_id actor, event_kind kind)
{
  return actor == no_group                                         ? actor_role::coordinator
         : kind == event_kind::read || kind == event_kind::compile ? actor_role::loader
         : kind == event_kind::watchdog                            ? actor_role::watchdog
                                                                   : actor_role::thread;
}

std::string name_of_actor(group_id actor, actor_role role)
{
  const std::string what = role == actor_role::loader     ? "loader "
                           : role == actor_role::watchdog ? "watchdog "
                                                          : "thread ";
  return actor == no_group ? "coordinator" : what + std::to_string(actor.value);
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
  return fmt::format("{:.3f} ms {}: {}{}{}", static_cast<double>(event.time) / 1e6,
                     name_of_actor(event.actor, role_of(event.actor, event.kind)), to_string(plain),
                     event.name.empty() ? "" : ", of ", event.name);
}

std::string to_text(const recorded_drop& drop)
{
  return fmt::format("{:.3f} ms {}: {} events dropped", static_cast<double>(drop.time) / 1e6, name_of_actor(drop.actor),
                     drop.count);
}

void sort_by_time(recorded_trace& trace)
{
  std::ranges::stable_sort(trace.events, {}, &recorded_event::time);
}

} // namespace interlink::trace

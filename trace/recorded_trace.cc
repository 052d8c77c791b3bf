// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/recorded_trace.hh"

#include <algorithm>

namespace interlink::trace {

std::string name_of_actor(group_id actor)
{
  return actor == no_group ? "coordinator" : "thread " + std::to_string(actor.value);
}

void sort_by_time(recorded_trace& trace)
{
  std::ranges::stable_sort(trace.events, {}, &recorded_event::time);
}

} // namespace interlink::trace

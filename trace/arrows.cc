// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/arrows.hh"

#include "trace/causal_order.hh"

namespace interlink::trace {

std::vector<arrow> arrows_of(const recorded_trace& trace)
{
  const auto causes = causes_from_others(trace);
  std::vector<arrow> all;
  for (std::size_t at = 0; at < causes.size(); ++at) {
    const recorded_event& event = trace.events[at];
    const bool is_message = event.kind == event_kind::receive;
    if (!causes[at].empty() && (is_message || event.kind == event_kind::apply)) {
      all.push_back({.from = causes[at].front(),
                     .to = at,
                     .message = is_message ? event.message : 0,
                     .version = is_message ? 0 : event.subject});
    }
  }
  return all;
}

} // namespace interlink::trace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/filter.hh"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace interlink::trace {

namespace {

bool is_among(const std::vector<group_id>& threads, group_id actor)
{
  return std::ranges::find(threads, actor) != threads.end();
}

bool is_of_operation(const recorded_event& event)
{
  return event.kind == event_kind::commit || event.kind == event_kind::publish || event.kind == event_kind::apply ||
         event.kind == event_kind::settle;
}

bool is_a_beginning(const recorded_event& event)
{
  return event.message != 0 && (event.phase == event_phase::begin || event.kind == event_kind::send);
}

/// Messages and slices, and which led to which.
class cause_graph {
public:
  explicit cause_graph(const recorded_trace& trace)
  {
    for (const recorded_event& event : trace.events) {
      if (is_a_beginning(event) && event.actor != no_group && causes_.try_emplace(event.message, event.cause).second) {
        kinds_.emplace(event.message, event.kind);
      }
    }
  }

  /// The open, close or look-up around it, or else itself.
  std::uint32_t root_of(std::uint32_t message) const
  {
    std::unordered_set<std::uint32_t> seen;
    for (std::uint32_t at = message; at != 0 && seen.insert(at).second;) {
      const auto kind = kinds_.find(at);
      if (kind == kinds_.end()) {
        break;
      }
      if (kind->second == event_kind::open || kind->second == event_kind::close ||
          kind->second == event_kind::look_up) {
        return at;
      }
      at = causes_.at(at);
    }
    return message;
  }

  /// `roots` and all that follows from them.
  std::unordered_set<std::uint32_t> below(std::unordered_set<std::uint32_t> roots) const
  {
    std::unordered_multimap<std::uint32_t, std::uint32_t> effects;
    for (const auto& [message, cause] : causes_) {
      effects.emplace(cause, message);
    }
    std::vector<std::uint32_t> left(roots.begin(), roots.end());
    while (!left.empty()) {
      const auto [first, last] = effects.equal_range(left.back());
      left.pop_back();
      for (auto each = first; each != last; ++each) {
        if (roots.insert(each->second).second) {
          left.push_back(each->second);
        }
      }
    }
    return roots;
  }

private:
  std::unordered_map<std::uint32_t, std::uint32_t> causes_;
  std::unordered_map<std::uint32_t, event_kind> kinds_;
};

using wanted = std::function<bool(const recorded_event&)>;

/// Operations, and what led to them or follows from `roots`.
wanted of_trees(const recorded_trace& trace, const std::set<std::uint32_t>& operations,
                std::unordered_set<std::uint32_t> roots)
{
  const cause_graph graph(trace);
  std::unordered_set<std::uint32_t> catch_ups;
  for (const recorded_event& event : trace.events) {
    if (!is_of_operation(event) || !operations.contains(event.subject)) {
      continue;
    }
    if (event.kind == event_kind::commit && event.cause != 0) {
      roots.insert(graph.root_of(event.cause));
    } else if (event.kind == event_kind::apply) {
      catch_ups.insert(event.cause);
    }
  }
  return [operations, tree = graph.below(std::move(roots)),
          catch_ups = std::move(catch_ups)](const recorded_event& event) {
    if (is_of_operation(event)) {
      return operations.contains(event.subject);
    }
    return (event.message != 0 && (tree.contains(event.message) || catch_ups.contains(event.message))) ||
           (event.cause != 0 && tree.contains(event.cause));
  };
}

wanted of_library(const recorded_trace& trace, const std::string& library)
{
  std::set<std::uint32_t> operations;
  std::unordered_set<std::uint32_t> roots;
  std::unordered_map<std::uint32_t, bool> are_named;
  for (const recorded_event& event : trace.events) {
    if (!event.name.contains(library)) {
      continue;
    }
    if (event.kind == event_kind::commit) {
      operations.insert(event.subject);
    } else if (event.message != 0) {
      roots.insert(event.message);
    }
  }
  return [library, trees = of_trees(trace, operations, std::move(roots))](const recorded_event& event) {
    return event.name.contains(library) || trees(event);
  };
}

wanted of_threads(const recorded_trace& trace, const std::vector<group_id>& threads)
{
  const auto is_one = [threads](group_id actor) {
    return is_among(threads, actor);
  };
  std::unordered_set<std::uint32_t> asked;
  for (const recorded_event& event : trace.events) {
    if (event.kind == event_kind::send && is_one(event.actor)) {
      asked.insert(event.message);
    }
  }
  return [is_one, asked = std::move(asked)](const recorded_event& event) {
    return is_one(event.actor) ||
           (event.actor == no_group &&
            (asked.contains(event.message) || asked.contains(event.cause) ||
             ((event.kind == event_kind::spawn || event.kind == event_kind::exit) && is_one(event.peer))));
  };
}

/// Beginnings before its end whose ends are not before its beginning, and so on.
wanted of_span(const recorded_trace& trace, std::uint64_t from, std::uint64_t to)
{
  using slice_name = std::tuple<group_id, event_kind, std::uint32_t>;
  std::map<slice_name, std::pair<std::uint64_t, std::uint64_t>> spans;
  for (const recorded_event& event : trace.events) {
    const slice_name name{event.actor, event.kind, event.message};
    if (event.phase == event_phase::begin) {
      spans[name] = {event.time, std::numeric_limits<std::uint64_t>::max()};
    } else if (event.phase == event_phase::end) {
      spans[name].second = event.time;
    }
  }
  return [spans = std::move(spans), from, to](const recorded_event& event) {
    if (event.phase == event_phase::instant) {
      return event.time >= from && event.time <= to;
    }
    const auto& [begin, end] = spans.at({event.actor, event.kind, event.message});
    return begin <= to && end >= from;
  };
}

} // namespace

bool trace_filter::is_everything() const
{
  return !operation && from == 0 && to == std::numeric_limits<std::uint64_t>::max() && threads.empty() &&
         library.empty();
}

recorded_trace filtered(const recorded_trace& trace, const trace_filter& filter)
{
  std::vector<wanted> all;
  if (filter.operation) {
    all.push_back(of_trees(trace, {*filter.operation}, {}));
  }
  if (!filter.library.empty()) {
    all.push_back(of_library(trace, filter.library));
  }
  if (!filter.threads.empty()) {
    all.push_back(of_threads(trace, filter.threads));
  }
  all.push_back(of_span(trace, filter.from, filter.to));
  recorded_trace made{.head = trace.head, .events = {}, .drops = trace.drops, .is_whole = trace.is_whole};
  std::ranges::copy_if(trace.events, std::back_inserter(made.events), [&](const recorded_event& event) {
    return std::ranges::all_of(all, [&](const wanted& each) { return each(event); });
  });
  return made;
}

bool concerns(const recorded_event& event, const trace_filter& filter)
{
  return event.time >= filter.from && event.time <= filter.to &&
         (!filter.operation ||
          (subject_of(event.kind) == event_subject::operation && event.subject == *filter.operation)) &&
         (filter.threads.empty() || is_among(filter.threads, event.actor) ||
          (event.actor == no_group && event.kind != event_kind::commit && is_among(filter.threads, event.peer))) &&
         event.name.contains(filter.library);
}

} // namespace interlink::trace

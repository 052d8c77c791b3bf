// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/causal_order.hh"

#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>

namespace interlink::trace {

namespace {

using place = std::size_t;

/// The events that others follow from, by what identifies them.
class origins {
public:
  explicit origins(const recorded_trace& trace)
  {
    for (place at = 0; at < trace.events.size(); ++at) {
      const recorded_event& event = trace.events[at];
      const bool is_coordinators = event.actor == no_group;
      if (event.kind == event_kind::send && event.message != 0) {
        (is_coordinators ? answers_ : requests_).try_emplace(event.message, at);
      } else if (event.kind == event_kind::publish) {
        publications_.try_emplace(event.subject, at);
      } else if (event.kind == event_kind::spawn && is_coordinators) {
        spawns_.try_emplace(event.peer.value, at);
      } else if (event.kind == event_kind::apply) {
        applications_[event.subject].push_back(at);
      }
    }
  }

  std::optional<place> request(std::uint32_t message) const { return find(requests_, message); }

  std::optional<place> answer(std::uint32_t message) const { return find(answers_, message); }

  std::optional<place> publication(std::uint32_t version) const { return find(publications_, version); }

  std::optional<place> spawn(group_id thread) const { return find(spawns_, thread.value); }

  const std::vector<place>& applications(std::uint32_t version) { return applications_[version]; }

private:
  using known = std::unordered_map<std::uint32_t, place>;

  static std::optional<place> find(const known& all, std::uint32_t number)
  {
    const auto found = all.find(number);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }

  known requests_;
  known answers_;
  known publications_;
  known spawns_;
  std::unordered_map<std::uint32_t, std::vector<place>> applications_;
};

} // namespace

std::vector<std::vector<std::size_t>> causes_from_others(const recorded_trace& trace)
{
  origins from(trace);
  std::vector<std::vector<place>> causes(trace.events.size());
  std::map<group_id, bool> has_begun;
  for (place at = 0; at < trace.events.size(); ++at) {
    const recorded_event& event = trace.events[at];
    const auto follows = [&](std::optional<place> cause) {
      if (cause && trace.events[*cause].actor != event.actor) {
        causes[at].push_back(*cause);
      }
    };
    const bool is_coordinators = event.actor == no_group;
    if (!is_coordinators && !std::exchange(has_begun[event.actor], true)) {
      follows(from.spawn(event.actor));
    }
    if (event.kind == event_kind::receive && event.phase != event_phase::end) {
      const auto sent = is_coordinators ? from.request(event.message) : from.answer(event.message);
      follows(sent);
      if (sent && !is_coordinators) {
        follows(from.publication(trace.events[*sent].subject)); // replies leave after the publication
      }
    } else if (event.kind == event_kind::apply) {
      follows(from.publication(event.subject));
    } else if (event.kind == event_kind::settle) {
      for (const place application : from.applications(event.subject)) {
        follows(application);
      }
    }
  }
  return causes;
}

std::vector<std::size_t> causal_order(const recorded_trace& trace, const std::vector<std::vector<std::size_t>>& causes)
{
  const std::size_t count = trace.events.size();
  std::vector<std::size_t> awaited(count); // events that must come before it and have not come
  std::vector<std::vector<place>> followers(count);
  std::map<group_id, place> last;
  const auto order = [&](place before, place after) {
    followers[before].push_back(after);
    ++awaited[after];
  };
  for (place at = 0; at < count; ++at) {
    if (const auto [entry, is_first] = last.try_emplace(trace.events[at].actor, at); !is_first) {
      order(entry->second, at);
      entry->second = at;
    }
    for (const place cause : causes[at]) {
      order(cause, at);
    }
  }
  std::priority_queue<place, std::vector<place>, std::greater<>> ready;
  std::vector<bool> is_taken(count);
  std::vector<place> taken;
  taken.reserve(count);
  const auto take = [&](place at) {
    is_taken[at] = true;
    taken.push_back(at);
    for (const place follower : followers[at]) {
      if (--awaited[follower] == 0 && !is_taken[follower]) {
        ready.push(follower);
      }
    }
  };
  for (place at = 0; at < count; ++at) {
    if (awaited[at] == 0) {
      ready.push(at);
    }
  }
  place oldest = 0;
  while (taken.size() < count) {
    if (!ready.empty()) {
      const place next = ready.top();
      ready.pop();
      take(next);
      continue;
    }
    while (is_taken[oldest]) {
      ++oldest;
    }
    take(oldest);
  }
  return taken;
}

} // namespace interlink::trace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/perfetto.hh"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

#include "trace/slices.hh"

namespace interlink::trace {

namespace {

using nlohmann::json;

constexpr int process_id = 1;

double microseconds(std::uint64_t nanoseconds)
{
  return static_cast<double>(nanoseconds) / 1000;
}

json event_of(const char* phase, group_id actor, std::uint64_t time, std::string name)
{
  return {
      {"ph", phase}, {"pid", process_id}, {"tid", actor.value}, {"ts", microseconds(time)}, {"name", std::move(name)}};
}

/// What a click on a slice or a moment shows.
json arguments_of(event_kind kind, std::uint32_t subject, std::uint32_t message, std::uint32_t cause)
{
  json made = json::object();
  if (const auto what = to_string(subject_of(kind)); !what.empty() && subject != 0) {
    made[std::string(what)] = subject;
  }
  if (message != 0) {
    made["message"] = message;
  }
  if (cause != 0) {
    made["cause"] = cause;
  }
  return made;
}

/// One end of an arrow: `s`, `t` between, `f`. Arrows of the same category and number belong together.
json arrow(const char* phase, const char* category, std::uint64_t number, group_id actor, std::uint64_t time)
{
  json made = event_of(phase, actor, time, category);
  made["cat"] = category;
  made["id"] = number;
  if (*phase == 'f') {
    made["bp"] = "e"; // binds to the slice around it
  }
  return made;
}

json counter(const char* name, std::uint64_t time, std::uint64_t value)
{
  json made = event_of("C", no_group, time, name);
  made["args"] = {{name, value}};
  return made;
}

void add_slice(json& events, const slice& each, std::uint64_t end_of_trace)
{
  json made = event_of("X", each.actor, each.begin, title_of(each));
  made["dur"] = microseconds(each.end.value_or(end_of_trace) - each.begin);
  made["cat"] = to_string(each.kind);
  made["args"] = arguments_of(each.kind, each.subject, each.message, each.cause);
  events.push_back(std::move(made));
}

void add_moment(json& events, const recorded_event& event)
{
  std::string title(to_string(event.kind));
  title += event.name.empty() ? "" : " " + event.name;
  json made = event_of("i", event.actor, event.time, std::move(title));
  made["s"] = "t";
  made["args"] = arguments_of(event.kind, event.subject, event.message, event.cause);
  if (event.peer != no_group) {
    made["args"][event.kind == event_kind::commit ? "groups" : "thread"] = event.peer.value;
  }
  events.push_back(std::move(made));
}

void add_request_arrow(json& events, const recorded_event& event)
{
  const bool is_coordinators = event.actor == no_group;
  if (event.message == 0 || (is_coordinators && event.peer == no_group)) {
    return; // of the embedder, which has no track
  }
  if (event.kind == event_kind::send && !is_coordinators) {
    events.push_back(arrow("s", "request", event.message, event.actor, event.time));
  } else if (event.kind == event_kind::receive && is_coordinators && event.phase != event_phase::end) {
    events.push_back(arrow("t", "request", event.message, event.actor, event.time));
  } else if (event.kind == event_kind::receive && !is_coordinators) {
    events.push_back(arrow("f", "request", event.message, event.actor, event.time));
  }
}

} // namespace

std::string to_perfetto(const recorded_trace& trace)
{
  json events = json::array();
  std::set<group_id> actors;
  std::uint64_t end = 0;
  std::uint64_t threads = 0;
  for (const recorded_event& event : trace.events) {
    actors.insert(event.actor);
    end = std::max(end, event.time);
  }
  events.push_back(
      {{"ph", "M"}, {"pid", process_id}, {"name", "process_name"}, {"args", {{"name", trace.head.process}}}});
  for (const group_id actor : actors) {
    const json name = {{"name", name_of_actor(actor)}};
    const json order = {{"sort_index", actor.value}};
    events.push_back({{"ph", "M"}, {"pid", process_id}, {"tid", actor.value}, {"name", "thread_name"}, {"args", name}});
    events.push_back(
        {{"ph", "M"}, {"pid", process_id}, {"tid", actor.value}, {"name", "thread_sort_index"}, {"args", order}});
  }
  for (const slice& each : slices_of(trace)) {
    add_slice(events, each, end);
  }
  for (const recorded_event& event : trace.events) {
    add_request_arrow(events, event);
    switch (event.kind) {
    case event_kind::slots:
    case event_kind::memory:
      events.push_back(counter(event.kind == event_kind::slots ? "slots" : "memory pages", event.time, event.subject));
      continue;
    case event_kind::publish:
      events.push_back(counter("head", event.time, event.subject));
      events.push_back(arrow("s", "operation", event.subject, event.actor, event.time));
      break;
    case event_kind::apply:
      events.push_back(arrow("f", "operation", event.subject, event.actor, event.time));
      break;
    case event_kind::spawn:
    case event_kind::exit:
      if (event.actor == no_group) {
        threads += event.kind == event_kind::spawn ? 1 : threads > 0 ? std::uint64_t(-1) : 0;
        events.push_back(counter("threads", event.time, threads));
      }
      break;
    default:
      break;
    }
    const bool is_request = event.kind == event_kind::send || event.kind == event_kind::receive;
    if (event.phase == event_phase::instant && !is_request) {
      add_moment(events, event);
    }
  }
  for (const recorded_drop& drop : trace.drops) {
    json made = event_of("i", drop.actor, drop.time, std::to_string(drop.count) + " events dropped");
    made["s"] = "t";
    events.push_back(std::move(made));
  }
  return json({{"traceEvents", std::move(events)}, {"displayTimeUnit", "ns"}})
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace interlink::trace

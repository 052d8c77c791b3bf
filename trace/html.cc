// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/html.hh"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "trace/arrows.hh"
#include "trace/slices.hh"

namespace interlink::trace {

extern const char* const page_before_data;
extern const char* const page_behind_data;

namespace {

using nlohmann::json;

/// Texts that are named by their places.
class text_table {
public:
  std::size_t place_of(const std::string& text)
  {
    const auto [entry, is_new] = places_.try_emplace(text, texts_.size());
    if (is_new) {
      texts_.push_back(text);
    }
    return entry->second;
  }

  const std::vector<std::string>& texts() const { return texts_; }

private:
  std::map<std::string, std::size_t> places_;
  std::vector<std::string> texts_;
};

/// Actors as the page shows them: a thread, then what the loader and the watchdog did for it.
class track_list {
public:
  explicit track_list(const recorded_trace& trace)
  {
    for (const recorded_event& event : trace.events) {
      places_.try_emplace({event.actor, role_of(event.actor, event.kind)}, 0);
    }
    for (auto& [actor, place] : places_) {
      place = names_.size();
      names_.push_back(name_of_actor(actor.first, actor.second));
    }
  }

  std::size_t place_of(group_id actor, event_kind kind) const { return places_.at({actor, role_of(actor, kind)}); }

  const std::vector<std::string>& names() const { return names_; }

private:
  std::map<std::pair<group_id, actor_role>, std::size_t> places_;
  std::vector<std::string> names_;
};

std::string title_of_moment(const recorded_event& event)
{
  std::string title(to_string(event.kind));
  if (const auto what = to_string(subject_of(event.kind)); !what.empty() && event.subject != 0) {
    title += " " + std::string(what) + " " + std::to_string(event.subject);
  } else if (event.kind == event_kind::slots || event.kind == event_kind::memory) {
    title += " " + std::to_string(event.subject);
  }
  if (event.peer != no_group && event.kind != event_kind::commit && event.kind != event_kind::construct) {
    title += " thread " + std::to_string(event.peer.value);
  }
  return event.name.empty() ? title : title + " " + event.name;
}

/// Inside a script element, nothing may look like its end.
std::string inside_script(std::string text)
{
  for (std::size_t at = text.find("</"); at != std::string::npos; at = text.find("</", at + 3)) {
    text.insert(at + 1, "\\");
  }
  for (std::size_t at = text.find("<!--"); at != std::string::npos; at = text.find("<!--", at + 6)) {
    text.replace(at, 1, "\\u003c");
  }
  return text;
}

} // namespace

std::string to_html(const recorded_trace& trace)
{
  const track_list tracks(trace);
  text_table names;
  json slices = json::array();
  for (const slice& each : slices_of(trace)) {
    slices.push_back({tracks.place_of(each.actor, each.kind), each.begin,
                      each.end ? static_cast<std::int64_t>(each.duration()) : -1, static_cast<int>(each.kind),
                      names.place_of(title_of(each)), each.message, each.cause, each.subject});
  }
  json moments = json::array();
  std::uint64_t end = 0;
  for (const recorded_event& event : trace.events) {
    end = std::max(end, event.time);
    const bool is_request = event.kind == event_kind::send || event.kind == event_kind::receive;
    if (event.phase == event_phase::instant && !is_request) {
      moments.push_back({tracks.place_of(event.actor, event.kind), event.time, static_cast<int>(event.kind),
                         names.place_of(title_of_moment(event)), event.message, event.subject, event.cause});
    }
  }
  json arrows = json::array();
  for (const arrow& each : arrows_of(trace)) {
    const recorded_event& from = trace.events[each.from];
    const recorded_event& to = trace.events[each.to];
    arrows.push_back({tracks.place_of(from.actor, from.kind), from.time, tracks.place_of(to.actor, to.kind), to.time,
                      each.message, each.version});
  }
  std::vector<std::string> kinds;
  for (std::size_t i = 0; i < event_kind_count; ++i) {
    kinds.emplace_back(to_string(static_cast<event_kind>(i)));
  }
  std::uint64_t dropped = 0;
  for (const recorded_drop& drop : trace.drops) {
    dropped += drop.count;
  }
  const json data{{"process", trace.head.process},
                  {"began", trace.head.began},
                  {"end", end},
                  {"events", trace.events.size()},
                  {"dropped", dropped},
                  {"actors", tracks.names()},
                  {"kinds", kinds},
                  {"names", names.texts()},
                  {"slices", std::move(slices)},
                  {"moments", std::move(moments)},
                  {"arrows", std::move(arrows)}};
  return page_before_data + inside_script(data.dump(-1, ' ', false, json::error_handler_t::replace)) + page_behind_data;
}

} // namespace interlink::trace

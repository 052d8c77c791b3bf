// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/summary.hh"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "trace/slices.hh"

namespace interlink::trace {

namespace {

constexpr std::size_t slowest_shown = 10;
constexpr std::size_t widest_bar = 40;

void add_tree(std::vector<std::string>& lines, const std::vector<slice>& slices, const slice_tree& tree,
              std::size_t place, std::size_t depth)
{
  const slice& each = slices[place];
  lines.push_back(fmt::format("{:>10}  {:{}}{}{}", each.end ? duration_text(each.duration()) : "...", "", 2 * depth,
                              title_of(each), depth == 0 ? ", " + name_of_actor(each.actor) : ""));
  for (const std::size_t child : tree.children[place]) {
    add_tree(lines, slices, tree, child, depth + 1);
  }
}

std::vector<std::string> slowest_opens(const std::vector<slice>& slices)
{
  const slice_tree tree = tree_of(slices);
  std::vector<std::size_t> opens;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (slices[i].kind == event_kind::open && slices[i].end) {
      opens.push_back(i);
    }
  }
  std::ranges::stable_sort(opens, std::ranges::greater{}, [&](std::size_t i) { return slices[i].duration(); });
  opens.resize(std::min(opens.size(), slowest_shown));
  std::vector<std::string> lines;
  for (const std::size_t open : opens) {
    add_tree(lines, slices, tree, open, 0);
  }
  return lines;
}

/// A bar for each power of two that something lasted.
void add_histogram(std::string& text, const latency& all)
{
  std::map<int, std::size_t> counts;
  std::size_t most = 0;
  for (const std::uint64_t each : all.sorted) {
    most = std::max(most, ++counts[static_cast<int>(std::bit_width(each))]);
  }
  for (int width = counts.begin()->first; width <= counts.rbegin()->first; ++width) {
    const std::size_t count = counts.contains(width) ? counts[width] : 0;
    const std::size_t bar = count == 0 ? 0 : std::max<std::size_t>(1, count * widest_bar / most);
    text += fmt::format("      below {:>9} |{:#<{}} {}\n", duration_text(std::uint64_t{1} << width), "", bar, count);
  }
}

void add_latency(std::string& text, std::string_view what, const latency& all)
{
  text += fmt::format("  {:<28}{:>8}{:>12}{:>12}{:>12}\n", what, all.count(), duration_text(all.quantile(0.5)),
                      duration_text(all.quantile(0.99)), duration_text(all.sorted.back()));
}

} // namespace

std::uint64_t latency::quantile(double share) const
{
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

trace_summary summarise(const recorded_trace& trace)
{
  trace_summary made;
  made.events = trace.events.size();
  made.is_whole = trace.is_whole;
  std::set<group_id> actors;
  std::map<std::uint32_t, std::uint64_t> published;
  std::set<std::uint32_t> unsettled;
  for (const recorded_event& event : trace.events) {
    actors.insert(event.actor);
    made.lasted = std::max(made.lasted, event.time);
    if (event.kind == event_kind::publish) {
      published.emplace(event.subject, event.time);
    } else if (event.kind == event_kind::apply && event.note != event_note::failed) {
      if (const auto from = published.find(event.subject); from != published.end()) {
        made.lag[event.actor].sorted.push_back(event.time - from->second);
      }
    } else if (event.kind == event_kind::commit) {
      ++made.operations[std::string(to_string(event.note))];
      unsettled.insert(event.subject);
    } else if (event.kind == event_kind::settle) {
      unsettled.erase(event.subject);
    } else if (event.kind == event_kind::spawn && event.actor == no_group) {
      ++made.spawned;
    }
  }
  made.actors = actors.size();
  made.unsettled.assign(unsettled.begin(), unsettled.end());
  for (const recorded_drop& drop : trace.drops) {
    made.dropped += drop.count;
  }
  const std::vector<slice> slices = slices_of(trace);
  for (const slice& each : slices) {
    if (each.end) {
      made.latencies[what_lasted(each)].sorted.push_back(each.duration());
    }
  }
  for (auto& [what, all] : made.latencies) {
    std::ranges::sort(all.sorted);
  }
  for (auto& [group, all] : made.lag) {
    std::ranges::sort(all.sorted);
  }
  made.slowest = slowest_opens(slices);
  return made;
}

std::string to_text(const trace_summary& summary)
{
  std::string text =
      fmt::format("{} events of {} actors in {}{}\n", summary.events, summary.actors, duration_text(summary.lasted),
                  summary.is_whole ? "" : "; the recording was cut off, or is a flight recorder's");
  text += summary.dropped == 0 ? "nothing was dropped\n"
                               : fmt::format("{} events were dropped: what follows is incomplete\n", summary.dropped);
  text += fmt::format("{} groups came to be\n", summary.spawned);
  text += "operations:";
  for (const auto& [kind, count] : summary.operations) {
    text += fmt::format(" {} {}", count, kind);
  }
  text += summary.operations.empty() ? " none\n" : "\n";
  if (!summary.unsettled.empty()) {
    text += fmt::format("not applied by every group when the recording ended: operations {} to {}, {} in all\n",
                        summary.unsettled.front(), summary.unsettled.back(), summary.unsettled.size());
  }
  const std::string heading = fmt::format("{:>8}{:>12}{:>12}{:>12}\n", "count", "median", "p99", "max");
  text += fmt::format("\n{:<30}{}", "what lasted", heading);
  for (const auto& [what, all] : summary.latencies) {
    add_latency(text, what, all);
    if (what == "open" || what == "look up") {
      add_histogram(text, all);
    }
  }
  if (!summary.lag.empty()) {
    text += fmt::format("\n{:<30}{}", "behind publications", heading);
    for (const auto& [group, all] : summary.lag) {
      add_latency(text, name_of_actor(group), all);
    }
  }
  if (!summary.slowest.empty()) {
    text += "\nslowest opens, and what they were made of:\n";
    for (const std::string& line : summary.slowest) {
      text += line + "\n";
    }
  }
  return text;
}

} // namespace interlink::trace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/formats.hh"

#include <algorithm>
#include <array>
#include <cstddef>

#include "trace/html.hh"
#include "trace/jsonl.hh"
#include "trace/perfetto.hh"

namespace interlink::trace {

namespace {

struct known_format {
  std::string_view name;
  std::string_view ending;
  std::string (*write)(const recorded_trace&);
};

constexpr std::array<known_format, 3> formats{{
    {"jsonl", ".jsonl", to_jsonl},
    {"perfetto", ".json", to_perfetto},
    {"html", ".html", to_html},
}};

std::optional<format> find(std::string_view known_format::* member, auto is_it)
{
  const auto found = std::ranges::find_if(formats, is_it, member);
  return found == formats.end() ? std::nullopt : std::optional(static_cast<format>(found - formats.begin()));
}

} // namespace

const std::vector<std::string>& format_names()
{
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const known_format& each : formats) {
      all.emplace_back(each.name);
    }
    return all;
  }();
  return names;
}

std::optional<format> format_named(std::string_view name)
{
  return find(&known_format::name, [name](std::string_view known) { return known == name; });
}

format format_of_path(std::string_view path)
{
  return find(&known_format::ending, [path](std::string_view ending) { return path.ends_with(ending); })
      .value_or(format::jsonl);
}

std::string to_text(const recorded_trace& trace, format form)
{
  return formats.at(static_cast<std::size_t>(form)).write(trace);
}

} // namespace interlink::trace

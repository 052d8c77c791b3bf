// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/debug_log.hh"

#include <algorithm>
#include <array>
#include <cstddef>

namespace interlink {

namespace {

struct known_category {
  std::string_view name;
  log_category category;
  bool debug_options::* is_on;
};

constexpr std::array<known_category, 7> categories{{
    {"libs", log_category::libs, &debug_options::libs},
    {"symbols", log_category::symbols, &debug_options::symbols},
    {"bindings", log_category::bindings, &debug_options::bindings},
    {"threads", log_category::threads, &debug_options::threads},
    {"statistics", log_category::statistics, &debug_options::statistics},
    {"ops", log_category::ops, &debug_options::ops},
    {"actors", log_category::actors, &debug_options::actors},
}};

} // namespace

std::string_view name_of(log_category category)
{
  const auto* const known = std::ranges::find(categories, category, &known_category::category);
  return known == categories.end() ? "report" : known->name;
}

std::string to_text(const log_record& record)
{
  if (record.category == log_category::report) {
    return fmt::format("interlink: {}", record.text);
  }
  const std::string process = record.process == 1 ? std::string() : fmt::format("{}:", record.process);
  if (record.group == no_group) {
    return process.empty() ? fmt::format("[{}] {}", name_of(record.category), record.text)
                           : fmt::format("[{} {}] {}", name_of(record.category), process, record.text);
  }
  return fmt::format("[{} {}{}] {}", name_of(record.category), process, record.group.value, record.text);
}

std::string debug_options::enable(std::string_view list)
{
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    const bool all = name == "all";
    if (!name.empty() && !all && std::ranges::find(categories, name, &known_category::name) == categories.end()) {
      return std::string(name);
    }
    for (const known_category& each : categories) {
      this->*each.is_on = this->*each.is_on || all || name == each.name;
    }
  }
  return {};
}

bool debug_options::is_on(log_category category) const
{
  const auto* const known = std::ranges::find(categories, category, &known_category::category);
  return known == categories.end() || this->*known->is_on;
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/debug_log.hh"

#include <algorithm>
#include <array>
#include <cstddef>

namespace interlink {

std::string debug_options::enable(std::string_view list)
{
  struct category {
    std::string_view name;
    bool debug_options::* is_on;
  };

  static constexpr std::array<category, 7> categories{{
      {"libs", &debug_options::libs},
      {"symbols", &debug_options::symbols},
      {"bindings", &debug_options::bindings},
      {"threads", &debug_options::threads},
      {"statistics", &debug_options::statistics},
      {"ops", &debug_options::ops},
      {"actors", &debug_options::actors},
  }};
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    const bool all = name == "all";
    if (!name.empty() && !all && std::ranges::find(categories, name, &category::name) == categories.end()) {
      return std::string(name);
    }
    for (const category& each : categories) {
      this->*each.is_on = this->*each.is_on || all || name == each.name;
    }
  }
  return {};
}

} // namespace interlink

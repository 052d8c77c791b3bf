// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/debug_log.hh"

namespace interlink {

std::string debug_options::enable(std::string_view list)
{
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    const bool all = name == "all";
    if (!all && name != "libs" && name != "symbols" && name != "bindings" && name != "statistics" && !name.empty()) {
      return std::string(name);
    }
    libs = libs || all || name == "libs";
    symbols = symbols || all || name == "symbols";
    bindings = bindings || all || name == "bindings";
    statistics = statistics || all || name == "statistics";
  }
  return {};
}

} // namespace interlink

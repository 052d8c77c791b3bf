// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/run_options.hh"

#include <cstdlib>
#include <utility>

namespace interlink::cli {

namespace {

/// Nothing for a variable that the host does not have either.
std::optional<std::string> parse_variable(const std::string& text)
{
  if (text.find('=') != std::string::npos) {
    return text;
  }
  const char* value = std::getenv(text.c_str());
  return value == nullptr ? std::nullopt : std::optional(text + "=" + value);
}

} // namespace

std::vector<std::string> guest_environment(const run_options& options)
{
  std::vector<std::string> environment;
  for (const std::string& text : options.environment) {
    if (auto variable = parse_variable(text)) {
      environment.push_back(std::move(*variable));
    }
  }
  return environment;
}

} // namespace interlink::cli

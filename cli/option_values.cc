// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/option_values.hh"

#include <cctype>
#include <charconv>
#include <string>

namespace interlink::cli {

std::optional<std::uint64_t> parse_size(std::string_view text)
{
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || number == 0) {
    return std::nullopt;
  }
  std::string unit;
  for (const char letter : text.substr(static_cast<std::size_t>(end - text.data()))) {
    unit.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(letter))));
  }
  static constexpr std::string_view prefixes = "kmgt";
  unsigned shift = 0;
  if (!unit.empty() && unit != "b") {
    const std::size_t place = prefixes.find(unit.front());
    const std::string_view rest = std::string_view(unit).substr(1);
    if (place == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) {
      return std::nullopt;
    }
    shift = 10 * (static_cast<unsigned>(place) + 1);
  }
  return number > (~std::uint64_t{0} >> shift) ? std::nullopt : std::optional(number << shift);
}

std::optional<std::size_t> parse_count(std::string_view text)
{
  std::size_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  return problem == std::errc{} && end == text.data() + text.size() && count != 0 ? std::optional(count) : std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_watchdog(std::string_view text)
{
  return text == "off" ? std::chrono::milliseconds(0) : parse_seconds(text);
}

std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text)
{
  constexpr double longest = 1e9;
  double seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc{} || end != text.data() + text.size() || !(seconds >= 0.001) || seconds > longest) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::optional<std::uint64_t> parse_moment(std::string_view text)
{
  constexpr double most = 9e18;
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const double scale = unit == "ns"                   ? 1
                       : unit == "us"                 ? 1e3
                       : unit == "ms" || unit.empty() ? 1e6
                       : unit == "s"                  ? 1e9
                                                      : 0;
  if (problem != std::errc{} || scale == 0 || !(number >= 0) || number * scale > most) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(number * scale);
}

} // namespace interlink::cli

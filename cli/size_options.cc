// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/size_options.hh"

#include <cctype>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace interlink::cli {

namespace {

/// Nothing for text that is no size, is 0, or does not fit in 64 bits.
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

template <class Target>
void add_size(CLI::App& command, const char* name, Target& target, const char* help)
{
  command
      .add_option_function<std::string>(
          name,
          [&target](const std::string& text) {
            const std::uint64_t size = parse_size(text).value();
            target = size;
          },
          help)
      ->check([](const std::string& text) {
        return parse_size(text) ? std::string()
                                : text + " is not a size; expected bytes, or a number with KiB, MiB or GiB";
      })
      ->type_name("SIZE");
}

} // namespace

void add_size_options(CLI::App& command, memory_options& options)
{
  add_size(command, "--stack-size", options.stack_bytes, "Size of the main thread's stack, such as 1MiB (8MiB)");
  add_size(command, "--max-memory", options.maximum_bytes, "Most linear memory (what the program declares)");
}

} // namespace interlink::cli

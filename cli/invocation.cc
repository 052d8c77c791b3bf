// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/invocation.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <ranges>
#include <string_view>
#include <type_traits>

namespace interlink::cli {

namespace {

/// From the least signed number to the greatest unsigned one; the bits are what counts.
template <class Signed>
std::optional<guest_value> parse_integer(std::string_view word)
{
  using bits = std::make_unsigned_t<Signed>;
  const bool is_negative = word.starts_with('-');
  word.remove_prefix(is_negative || word.starts_with('+') ? 1 : 0);
  const bool is_hexadecimal = word.starts_with("0x") || word.starts_with("0X");
  word.remove_prefix(is_hexadecimal ? 2 : 0);
  bits magnitude = 0;
  const auto [end, problem] =
      std::from_chars(word.data(), word.data() + word.size(), magnitude, is_hexadecimal ? 16 : 10);
  constexpr bits least = bits{1} << std::numeric_limits<Signed>::digits;
  if (word.empty() || problem != std::errc{} || end != word.data() + word.size() ||
      (is_negative && magnitude > least)) {
    return std::nullopt;
  }
  return static_cast<Signed>(is_negative ? bits{0} - magnitude : magnitude);
}

template <class Float>
std::optional<guest_value> parse_float(std::string_view word)
{
  word.remove_prefix(word.starts_with('+') ? 1 : 0);
  Float number = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
  return problem == std::errc{} && end == word.data() + word.size() ? std::optional<guest_value>(number) : std::nullopt;
}

std::optional<guest_value> parse_number(const value_type& type, std::string_view word)
{
  if (type == wasm::i32) {
    return parse_integer<std::int32_t>(word);
  }
  if (type == wasm::i64) {
    return parse_integer<std::int64_t>(word);
  }
  return type == wasm::f32 ? parse_float<float>(word) : parse_float<double>(word);
}

bool is_plain_number(const value_type& type)
{
  return type == wasm::i32 || type == wasm::i64 || type == wasm::f32 || type == wasm::f64;
}

struct printer {
  std::string operator()(const std::array<std::byte, 16>& vector) const
  {
    std::string digits;
    for (const std::byte each : vector | std::views::reverse) {
      digits += fmt::format("{:02x}", static_cast<unsigned>(each));
    }
    return digits;
  }

  template <class Number>
  std::string operator()(Number number) const
  {
    return fmt::format("{}", number);
  }
};

} // namespace

result<std::vector<guest_value>> parse_arguments(const std::string& name, const function_type& type,
                                                 std::span<const std::string> words)
{
  if (!std::ranges::all_of(type.parameters, is_plain_number)) {
    return fail(errc::invalid_argument,
                fmt::format("{} is {}: only numbers can be given on the command line", name, to_string(type)));
  }
  if (words.size() != type.parameters.size()) {
    return fail(errc::invalid_argument,
                fmt::format("{} is {}: it takes {} argument{}, and {} {} given", name, to_string(type),
                            type.parameters.size(), type.parameters.size() == 1 ? "" : "s", words.size(),
                            words.size() == 1 ? "was" : "were"));
  }
  std::vector<guest_value> values;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = parse_number(type.parameters[i], words[i]);
    if (!value) {
      return fail(errc::invalid_argument, fmt::format("{} is {}: argument {}, {}, is no number of type {}", name,
                                                      to_string(type), i + 1, words[i], to_string(type.parameters[i])));
    }
    values.push_back(*value);
  }
  return values;
}

std::string to_text(std::span<const guest_value> values)
{
  std::string text;
  for (const guest_value& value : values) {
    text += std::visit(printer{}, value) + "\n";
  }
  return text;
}

error no_such_function(const std::string& name, const module_info& program)
{
  constexpr std::size_t most_listed = 20;
  std::vector<std::string> lines;
  std::size_t count = 0;
  for (const export_info& exported : program.exports) {
    const auto* type = std::get_if<function_type>(&exported.type);
    if (type != nullptr && ++count <= most_listed) {
      lines.push_back(exported.name + " " + to_string(*type));
    }
  }
  error_detail detail;
  detail.message = "the program exports no function " + name;
  if (count == 0) {
    detail.message += ", and no other one";
  }
  for (const std::string& line : lines) {
    detail.message += "\n  exports " + line;
  }
  if (count > most_listed) {
    detail.message += fmt::format("\n  and {} more; interlink nm lists all", count - most_listed);
  }
  return {errc::symbol_not_found, std::move(detail)};
}

} // namespace interlink::cli

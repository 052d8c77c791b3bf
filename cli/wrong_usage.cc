// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wrong_usage.hh"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>

namespace interlink::cli {

namespace {

/// Letters that are put in, left out or taken for another, at least, to make one word of the other.
std::size_t distance(std::string_view from, std::string_view to)
{
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row.front()++;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string joined_by_or(const std::vector<std::string>& words)
{
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

/// The option that the parser's text begins with, by its name or without the dashes.
const CLI::Option* named_first(const CLI::App& command, const std::string& text)
{
  const std::string name = text.substr(0, text.find_first_of(": "));
  const CLI::Option* option = command.get_option_no_throw(name);
  return option == nullptr ? command.get_option_no_throw("--" + name) : option;
}

} // namespace

std::string shown(const std::string& word)
{
  return word.empty() ? "''" : word;
}

CLI::Validator one_of(const std::vector<std::string>& words)
{
  return {[words](const std::string& text) {
            return std::ranges::find(words, text) != words.end()
                       ? std::string()
                       : shown(text) + " is not known; expected " + joined_by_or(words);
          },
          ""};
}

std::string unknown(const std::string& kind, const std::string& name, const std::vector<std::string>& known)
{
  const std::size_t most_apart = name.size() < 5 ? 1 : 2;
  const auto nearest =
      std::ranges::min_element(known, {}, [&name](const std::string& each) { return distance(name, each); });
  const bool is_near = nearest != known.end() && distance(name, *nearest) <= most_apart && name.size() > 2;
  return "unknown " + kind + " " + shown(name) + (is_near ? " (" + *nearest + "?)" : "");
}

std::string unknown_option(const CLI::App& command, const std::string& word)
{
  std::vector<std::string> known;
  for (const CLI::Option* each : command.get_options()) {
    for (const std::string& name : each->get_lnames()) {
      known.push_back("--" + name);
    }
  }
  return unknown("option", word.substr(0, word.find('=')), known);
}

std::string wrong_usage(const CLI::App& command, const CLI::ParseError& problem)
{
  const std::string text = problem.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr && !command.remaining().empty()) {
    const std::string first = command.remaining().front();
    return first.starts_with('-') ? unknown_option(command, first) : "one argument too many: " + first;
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&problem) != nullptr) {
    if (const CLI::Option* option = named_first(command, text)) {
      return option->get_name() +
             (option->get_expected_max() == 0 ? " takes no value" : " needs a value, " + option->get_type_name());
    }
  }
  return dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr && text.starts_with("A subcommand")
             ? "no command given"
             : text;
}

} // namespace interlink::cli

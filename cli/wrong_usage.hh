// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wrong usage of the command line, in words for its user: the parser's own are for its programmer.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
class Validator;
} // namespace CLI

namespace interlink::cli {

/// As a message has it: also when there is nothing to see.
std::string shown(const std::string& word);

/// A check that a value is one of these words.
CLI::Validator one_of(const std::vector<std::string>& words);

/// The name with that of `known` which it was perhaps meant to be: at most two letters apart, or one in a short name.
std::string unknown(const std::string& kind, const std::string& name, const std::vector<std::string>& known);

/// The word as an option that the command has not.
std::string unknown_option(const CLI::App& command, const std::string& word);

/// Pre: the problem is none of help or version.
std::string wrong_usage(const CLI::App& command, const CLI::ParseError& problem);

} // namespace interlink::cli

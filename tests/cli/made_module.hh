// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules that a test writes as text and runs by the command, so that it shows what it runs.
#pragma once

#include "tests/engine/wat.hh"
#include "tests/scenarios/support/command_run.hh"

#include <string>
#include <string_view>
#include <vector>

namespace interlink::test {

/// A dylink.0 section in the text format, for the beginning of a module. Source: tool-conventions, DynamicLinking.md.
inline std::string dylink_section(const std::vector<std::string>& needed = {},
                                  const std::vector<std::string>& runtime_path = {})
{
  std::string bytes{"\1\4\0\0\0\0", 6}; // no memory, no table
  const auto add = [&bytes](char id, const std::vector<std::string>& texts) {
    std::string content(1, static_cast<char>(texts.size()));
    for (const std::string& text : texts) {
      content += static_cast<char>(text.size()) + text;
    }
    bytes += std::string{id, static_cast<char>(content.size())} + content;
  };
  if (!needed.empty()) {
    add(2, needed);
  }
  if (!runtime_path.empty()) {
    add(5, runtime_path);
  }
  std::string escaped;
  for (const char byte : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    escaped += {'\\', digits[value >> 4U], digits[value & 15U]};
  }
  return "(@custom \"dylink.0\" (before first) \"" + escaped + "\")";
}

inline void write_module(const scratch_directory& scratch, const std::string& name, std::string_view text)
{
  const std::vector<std::byte> bytes = engine::wat(text);
  scratch.write(name, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

/// `interlink run` in the directory of the modules, without a cache.
inline command_result run_made(const scratch_directory& scratch, std::vector<std::string> arguments,
                               std::vector<std::string> environment = {})
{
  arguments.insert(arguments.begin(), {"run", "--wasm-cache", "off"});
  return run_command(std::move(arguments), {.environment = std::move(environment), .directory = scratch.path()});
}

} // namespace interlink::test

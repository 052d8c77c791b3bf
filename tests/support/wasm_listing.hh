// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lists the instructions of a function as text, one line each: opcode in hex and the immediates that the walker gives.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wasm/code_facts.hh"
#include "wasm/instruction_walker.hh"

namespace interlink::support {

/// One instruction as `1a`, `11 5`, `fe10 1`: immediates up to the last that is not 0.
inline std::string line_of(std::uint32_t number, std::vector<std::uint64_t> immediates = {})
{
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  const auto add_byte = [&](std::uint32_t byte) {
    text += digits[byte >> 4 & 15];
    text += digits[byte & 15];
  };
  if (number > 0xff) {
    add_byte(number >> 16);
  }
  add_byte(number & 0xff);
  while (!immediates.empty() && immediates.back() == 0) {
    immediates.pop_back();
  }
  for (const std::uint64_t immediate : immediates) {
    text.append(1, ' ').append(std::to_string(immediate));
  }
  return text;
}

/// Instructions of the defined function `index`; empty when its code is damaged.
inline std::vector<std::string> list_function(const module_layout& layout, std::size_t index)
{
  binary_reader in = body_reader(layout, index);
  instruction_walker walker(in);
  std::vector<std::string> lines;
  for (instruction at; walker.next(at);) {
    lines.push_back(line_of(at.opcode, {at.first, at.second}));
    at.first = 0;
    at.second = 0;
  }
  return in.ok() ? lines : std::vector<std::string>{};
}

} // namespace interlink::support

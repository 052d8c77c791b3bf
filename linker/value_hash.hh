// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A running hash of plain numbers and texts, the same on every machine and in every run; for comparing states, not for
// tables.
#pragma once

#include <cstdint>
#include <string_view>

namespace interlink {

/// Context: a value.
class value_hash {
public:
  void add(std::uint64_t number)
  {
    // The finaliser of splitmix64: every bit of the input reaches every bit of the output.
    std::uint64_t mixed = state_ + number + 0x9E3779B97F4A7C15ULL;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    state_ = mixed ^ (mixed >> 31);
  }

  void add(std::string_view text)
  {
    add(text.size());
    for (const char c : text) {
      add(static_cast<unsigned char>(c));
    }
  }

  std::uint64_t value() const { return state_; }

private:
  std::uint64_t state_{};
};

} // namespace interlink

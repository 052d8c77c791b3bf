// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The places of the code under test where an atomic is accessed, and one of them with a weaker order than it has: a
// mutant of the real code without building it anew.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace interlink::memory_model {

/// One access in the code.
struct site {
  std::string function; ///< as in "mailbox::push"
  std::uint32_t line = 0;
  std::string access; ///< "load", "store", "update", "failed update", "fence"

  auto operator<=>(const site&) const = default;
};

struct weakening {
  std::optional<site> where{};
  std::memory_order order = std::memory_order_relaxed; ///< a relaxed fence is none
};

/// All sites met so far and their orders in the code, where they are more than relaxed. Context: one thread.
std::map<site, std::memory_order>& met_sites();

} // namespace interlink::memory_model

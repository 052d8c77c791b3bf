// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What leads from one actor to another: requests, turns and replies, publications and applications.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

/// Between two events, by their places. One of the numbers is 0.
struct arrow {
  std::size_t from{};
  std::size_t to{};
  std::uint32_t message{}; ///< of a request or its reply
  std::uint32_t version{}; ///< of an operation
};

/// By the events that they lead to.
std::vector<arrow> arrows_of(const recorded_trace& trace);

} // namespace interlink::trace

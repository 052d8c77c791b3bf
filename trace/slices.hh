// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What lasted in a trace: pairs of events put together, and which slice led to which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

/// From a begin to its end; also from a group's request (`kind` is send) to its reply. Context: a value.
struct slice {
  group_id actor;
  event_kind kind{};
  request_kind request = request_kind::none;
  event_note note{};
  std::uint32_t subject{};
  std::uint32_t message{};
  std::uint32_t cause{};
  group_id peer{};
  std::string name{};
  std::uint64_t begin{};              ///< nanoseconds
  std::optional<std::uint64_t> end{}; ///< nothing: it had not ended when the recording did, or its end was dropped

  std::uint64_t duration() const { return end ? *end - begin : 0; }
};

/// All of them, by their beginnings; of two that begin together the outer one first.
std::vector<slice> slices_of(const recorded_trace& trace);

/// "open", "turn", "request prepare_load".
std::string what_lasted(const slice& each);

/// "open libx.so", "request prepare_load", "turn: join of thread 3".
std::string title_of(const slice& each);

/// Places in `slices` of those that follow from others, by their causes; and of those that follow from none.
struct slice_tree {
  std::vector<std::vector<std::size_t>> children; ///< parallel to `slices`
  std::vector<std::size_t> roots;
};

slice_tree tree_of(const std::vector<slice>& slices);

/// For a person: nanoseconds as "12.3 us".
std::string duration_text(std::uint64_t nanoseconds);

} // namespace interlink::trace

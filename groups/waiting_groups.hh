// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A group that waits carries nothing out, and its place in the operation log keeps all later operations in memory. So
// that they stay few, groups that wait are woken now and then, and carry out what they have missed before they wait on.
#pragma once

#include <cstdint>

namespace interlink {

/// Operations from one wake to the next. Chosen: 8 MiB of the smallest ones, and no wake at all in most programs.
inline constexpr std::uint64_t operations_between_wakes = 16'384;

/// How far behind a group is that does so when it is woken: at half, none is ever further behind than one and a half.
inline constexpr std::uint64_t operations_worth_a_wake = operations_between_wakes / 2;

} // namespace interlink

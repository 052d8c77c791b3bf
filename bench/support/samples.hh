// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows that take their own samples: how many, and what is told of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <vector>

namespace interlink::bench {

/// How many samples a row takes that counts them itself. INTERLINK_BENCH_SAMPLES bounds it, for runs at whose figures
/// nobody looks.
inline int samples_wanted(int otherwise)
{
  const char* most = std::getenv("INTERLINK_BENCH_SAMPLES");
  return most == nullptr ? otherwise : std::clamp(std::atoi(most), 1, otherwise);
}

/// The value with this share of the others below it, by nearest rank. Pre: there is one.
inline double quantile(std::vector<double> values, double share)
{
  const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

} // namespace interlink::bench

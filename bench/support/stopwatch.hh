// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time of an operation, and of parts of it.
#pragma once

#include "bench/support/clocks.hh"

#include <algorithm>
#include <utility>

namespace interlink::bench {

/// Seconds.
struct time_spent {
  double wall{};
  double cpu{}; ///< of the calling thread
};

/// Adds the wall time of `work` to `sum`. Cheap enough for parts of an operation that is itself timed.
template <class Work>
auto timed_part(double& sum, Work&& work)
{
  struct scope {
    double& sum;
    double began = wall_seconds();

    ~scope() { sum += wall_seconds() - began; }
  };

  const scope counted{sum};
  return work();
}

/// CPU time that a pair of readings adds to what lies between them: the least of many, the rest is disturbance.
inline double reading_seconds()
{
  static const double least = [] {
    double found = 1;
    for (int i = 0; i < 1000; ++i) {
      const double began = thread_seconds();
      double ignored = 0;
      timed_part(ignored, [] {});
      found = std::min(found, thread_seconds() - began);
    }
    return found;
  }();
  return least;
}

/// Times `work`. The clock of CPU time is a system call: it is read outside of the wall time.
template <class Work>
time_spent timed(Work&& work)
{
  time_spent spent;
  const double began = thread_seconds();
  timed_part(spent.wall, std::forward<Work>(work));
  spent.cpu = thread_seconds() - began - reading_seconds();
  return spent;
}

} // namespace interlink::bench

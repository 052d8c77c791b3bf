// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Clocks of the benches. Thread CPU time is what an operation costs its caller even when others want the cores.
#pragma once

#include <chrono>
#include <ctime>

namespace interlink::bench {

/// CPU time of the calling thread, in seconds.
inline double thread_seconds()
{
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Wall time, in seconds.
inline double wall_seconds()
{
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace interlink::bench

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When events happen. A reading is taken for every event, so it has to be cheap: the processor's own counter where it
// has one that all cores share (13 ns, measured where the steady clock takes 36), else the clock that waits are
// measured by. Readings become times only when somebody looks: by then the counter has run long enough to tell its
// rate.
#pragma once

#include "actors/schedule_point.hh"

#include <algorithm>
#include <chrono>
#include <cstdint>

#if defined(__x86_64__) && !defined(INTERLINK_SIMULATION)
#include <x86intrin.h>
#endif

namespace interlink {

/// Context: any thread.
class event_clock {
public:
  using duration = std::chrono::nanoseconds;

  static std::uint64_t now()
  {
#if defined(__x86_64__) && !defined(INTERLINK_SIMULATION)
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(schedule_clock::now().time_since_epoch().count());
#endif
  }

  /// Notes the moment from which the rate is told. Before the first event.
  static void start() { static_cast<void>(origin()); }

  /// Time from `ticks` until now, never negative. A fraction of a millisecond right after `start` is a guess.
  static duration since(std::uint64_t ticks);

  /// The same moment by both clocks.
  struct pair {
    std::uint64_t ticks;
    schedule_clock::time_point time;
  };

  static pair read() { return {now(), schedule_clock::now()}; }

private:
  friend class event_ages;

  static const pair& origin()
  {
    static const pair first = read();
    return first;
  }
};

/// Ticks as times: on the line through two moments. Lines that join make times that never go back. Context: a value.
struct event_line {
  event_clock::pair from;
  event_clock::pair to;

  /// Since `zero`; never negative.
  event_clock::duration at(std::uint64_t ticks, schedule_clock::time_point zero) const
  {
    const auto span = static_cast<double>(to.ticks - from.ticks);
    const auto passed = static_cast<double>(event_clock::duration(to.time - from.time).count());
    const double rate = to.ticks > from.ticks && passed > 0 ? passed / span : 1;
    const auto after = static_cast<double>(static_cast<std::int64_t>(ticks - from.ticks)) * rate;
    return std::max(event_clock::duration(0),
                    event_clock::duration(from.time - zero) + event_clock::duration(static_cast<std::int64_t>(after)));
  }
};

/// The clock read once, so that the ages of several events can be compared. Context: immutable.
class event_ages {
public:
  event_clock::duration of(std::uint64_t ticks) const
  {
    const std::uint64_t age = now_.ticks > ticks ? now_.ticks - ticks : 0;
    return event_clock::duration(static_cast<std::int64_t>(static_cast<double>(age) * nanoseconds_per_tick()));
  }

private:
  double nanoseconds_per_tick() const
  {
    const event_clock::pair& first = event_clock::origin();
    const auto ran = static_cast<double>(now_.ticks - first.ticks);
    const auto passed = static_cast<double>(event_clock::duration(now_.time - first.time).count());
    return ran > 0 && passed > 0 ? passed / ran : 1;
  }

  event_clock::pair now_ = event_clock::read();
};

inline event_clock::duration event_clock::since(std::uint64_t ticks)
{
  return event_ages().of(ticks);
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clocks and sleeping. Calendar time is the library's own, in UTC: there is no zone file to map.
#include <errno.h>
#include <time.h>
#include <wasi/api.h>

#include "threads.h"

enum { nanoseconds_per_second = 1000000000 };

struct timespec __wasi_timestamp_to_timespec(__wasi_timestamp_t time) {
  return (struct timespec){.tv_sec = (time_t)(time / nanoseconds_per_second),
                           .tv_nsec = (long)(time % nanoseconds_per_second)};
}

// The host's clock for one of ours. A coarse one would only be cheaper, and time asleep is counted by both.
static __wasi_clockid_t host_clock(clockid_t clock) {
  switch (clock) {
    case CLOCK_REALTIME_COARSE: return __WASI_CLOCKID_REALTIME;
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME: return __WASI_CLOCKID_MONOTONIC;
    default: return (__wasi_clockid_t)clock;
  }
}

int clock_gettime(clockid_t clock, struct timespec *out) {
  __wasi_timestamp_t time = 0;
  __wasi_errno_t error = __wasi_clock_time_get(host_clock(clock), 1, &time);
  if (error != 0) {
    errno = error;
    return -1;
  }
  *out = __wasi_timestamp_to_timespec(time);
  return 0;
}

int clock_getres(clockid_t clock, struct timespec *resolution) {
  __wasi_timestamp_t nanoseconds = 0;
  __wasi_errno_t error = __wasi_clock_res_get(host_clock(clock), &nanoseconds);
  if (error != 0) {
    errno = error;
    return -1;
  }
  if (resolution != 0) {
    *resolution = __wasi_timestamp_to_timespec(nanoseconds);
  }
  return 0;
}

static int64_t now(clockid_t clock) {
  __wasi_timestamp_t time = 0;
  return __wasi_clock_time_get((__wasi_clockid_t)clock, 1, &time) == 0 ? (int64_t)time : 0;
}

int __clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remaining) {
  if (request == 0 || request->tv_nsec < 0 || request->tv_nsec >= nanoseconds_per_second || request->tv_sec < 0 ||
      (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)) {
    return EINVAL;
  }
  int64_t time = (int64_t)request->tv_sec * nanoseconds_per_second + request->tv_nsec;
  if ((flags & TIMER_ABSTIME) != 0) {
    return interlink_sleep_until(clock, time);
  }
  int64_t deadline = now(CLOCK_MONOTONIC) + time;
  int interrupted = interlink_sleep_until(CLOCK_MONOTONIC, deadline);
  if (interrupted != 0 && remaining != 0) {
    int64_t left = deadline - now(CLOCK_MONOTONIC);
    *remaining = __wasi_timestamp_to_timespec(left > 0 ? (__wasi_timestamp_t)left : 0);
  }
  return interrupted;
}

int clock_nanosleep(clockid_t, int, const struct timespec *, struct timespec *)
    __attribute__((weak, alias("__clock_nanosleep")));

void emscripten_thread_sleep(double milliseconds) {
  interlink_sleep_until(CLOCK_MONOTONIC, now(CLOCK_MONOTONIC) + (int64_t)(milliseconds * 1e6));
}

double emscripten_get_now(void) { return (double)now(CLOCK_MONOTONIC) / 1e6; }

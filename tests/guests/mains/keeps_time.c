// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clocks go forward, sleeps last, and calendar time is UTC.
#include "guest.h"

static double now(clockid_t clock) {
  struct timespec time;
  REQUIRE(clock_gettime(clock, &time) == 0);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(void) {
  double before = now(CLOCK_MONOTONIC);
  REQUIRE(usleep(20000) == 0);
  REQUIRE(now(CLOCK_MONOTONIC) - before >= 0.02);
  struct timespec later;
  clock_gettime(CLOCK_REALTIME, &later);
  later.tv_nsec += 10000000;
  if (later.tv_nsec >= 1000000000) {
    later.tv_nsec -= 1000000000;
    later.tv_sec += 1;
  }
  REQUIRE(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &later, 0) == 0);
  REQUIRE(now(CLOCK_REALTIME) >= (double)later.tv_sec + (double)later.tv_nsec / 1e9 - 0.0005);
  time_t moment = 1700000000;
  char text[64];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", localtime(&moment));
  REQUIRE(strcmp(text, "2023-11-14 22:13:20") == 0);
  struct tm parts = *gmtime(&moment);
  REQUIRE(mktime(&parts) == moment);
  printf("ok time\n");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One thread sleeps in poll for two seconds while another prints a hundred lines: the printer is done long before.
#include <poll.h>

#include "guest.h"

static atomic_int sleeping, awake;

static void *sleep_in_poll(void *unused) {
  (void)unused;
  atomic_store(&sleeping, 1);
  poll(0, 0, 2000);
  atomic_store(&awake, 1);
  return 0;
}

int main(void) {
  pthread_t sleeper = start(sleep_in_poll, 0);
  wait_for(&sleeping);
  for (int i = 0; i < 100; ++i) {
    printf("line %d\n", i);
    fflush(stdout);
  }
  REQUIRE(atomic_load(&awake) == 0);
  pthread_join(sleeper, 0);
  printf("ok printed beside a sleeper\n");
  return 0;
}

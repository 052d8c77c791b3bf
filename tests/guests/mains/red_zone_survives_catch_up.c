// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function that keeps values below the stack pointer calls through the table while libraries come whose start functions
// write below the stack pointer. The values stay.
#include "guest.h"

enum { rounds = 6 };

static int no_stack(void) { return 1; }

static void *red_zone;
static atomic_int running, stop;
static _Atomic unsigned turns;

static void *keep(void *unused) {
  (void)unused;
  int (*run)(nullary *) = (int (*)(nullary *))red_zone;
  atomic_store(&running, 1);
  while (atomic_load(&stop) == 0) {
    REQUIRE(run(no_stack) == 1);
    atomic_fetch_add(&turns, 1);
  }
  return 0;
}

int main(void) {
  red_zone = find(open_now("./libred_zone.so"), "red_zone");
  pthread_t keeper = start(keep, 0);
  wait_for(&running);
  for (int i = 1; i <= rounds; ++i) {
    char path[32];
    snprintf(path, sizeof path, "./libstart_calls_%d.so", i);
    open_now(path);
    unsigned seen = atomic_load(&turns);
    while (atomic_load(&turns) - seen < 2) {
      usleep(100);
    }
  }
  atomic_store(&stop, 1);
  pthread_join(keeper, 0);
  printf("ok the red zone survived %d catch ups\n", rounds);
  return 0;
}

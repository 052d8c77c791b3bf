// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A constructor publishes a pointer that a thread, which ran all the while, calls at once; the constructor waits for that.
#include "guest.h"

_Atomic(unary *) published;
atomic_int answer;

static atomic_int running;

static void *call_what_comes(void *unused) {
  (void)unused;
  atomic_store(&running, 1);
  unary *function = 0;
  while ((function = atomic_load_explicit(&published, memory_order_relaxed)) == 0) {
  }
  atomic_store(&answer, function(9));
  return 0;
}

int main(void) {
  pthread_t caller = start(call_what_comes, 0);
  wait_for(&running);
  open_now("./libpublishes.so");
  pthread_join(caller, 0);
  REQUIRE(atomic_load(&answer) == 81);
  printf("ok a running thread called what a constructor published\n");
  return 0;
}

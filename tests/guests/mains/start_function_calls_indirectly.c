// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library whose start function calls through the table: it runs once in the requester, in a thread that was there before,
// and in one that is born later.
#include "guest.h"

static _Atomic(nullary *) here;
static atomic_int before_done;

static void *there_before(void *unused) {
  (void)unused;
  nullary *function = 0;
  while ((function = atomic_load(&here)) == 0) {
  }
  REQUIRE(function() == 1);
  atomic_store(&before_done, 1);
  return 0;
}

static void *born_later(void *unused) {
  (void)unused;
  REQUIRE(atomic_load(&here)() == 1);
  return 0;
}

int main(void) {
  pthread_t before = start(there_before, 0);
  void *library = open_now("./libstart_calls.so");
  nullary *instances = (nullary *)find(library, "start_calls_instances");
  REQUIRE(((nullary *)find(library, "start_calls_here"))() == 1);
  atomic_store(&here, (nullary *)find(library, "start_calls_here"));
  pthread_join(before, 0);
  pthread_join(start(born_later, 0), 0);
  REQUIRE(instances() == 3);
  printf("ok the start function ran once in each of 3 groups\n");
  return 0;
}

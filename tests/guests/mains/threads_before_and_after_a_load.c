// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A thread that was started before a load, and one that is started after it, call into the library.
#include "guest.h"

static _Atomic(nullary *) next;

static void *call_when_there(void *unused) {
  (void)unused;
  nullary *function = 0;
  while ((function = atomic_load(&next)) == 0) {
    usleep(100);
  }
  REQUIRE(function() > 0);
  return 0;
}

int main(void) {
  pthread_t before = start(call_when_there, 0);
  void *library = open_now("./libplain.so");
  atomic_store(&next, (nullary *)find(library, "plain_next"));
  pthread_t after = start(call_when_there, 0);
  pthread_join(before, 0);
  pthread_join(after, 0);
  REQUIRE(atomic_load(&next)() == 3);
  printf("ok threads before and after a load call into it\n");
  return 0;
}

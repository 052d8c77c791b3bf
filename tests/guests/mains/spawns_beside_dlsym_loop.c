// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 256 threads are started and end while one thread does nothing but dlsym.
#include "guest.h"

enum { threads = 256 };

static atomic_int stop, looked, ran;
static void *library;

static void *look_up(void *unused) {
  (void)unused;
  while (atomic_load(&stop) == 0) {
    REQUIRE(((binary *)find(library, "plain_add"))(1, 2) == 3);
    REQUIRE(dlsym(library, "not_there") == 0);
    atomic_fetch_add(&looked, 1);
  }
  return 0;
}

static void *run(void *unused) {
  (void)unused;
  REQUIRE(((binary *)find(library, "plain_add"))(20, 22) == 42);
  atomic_fetch_add(&ran, 1);
  return 0;
}

int main(void) {
  library = open_now("./libplain.so");
  pthread_t looker = start(look_up, 0);
  wait_for(&looked);
  for (int i = 0; i < threads; i += 16) {
    pthread_t made[16];
    for (int k = 0; k < 16; ++k) {
      made[k] = start(run, 0);
    }
    for (int k = 0; k < 16; ++k) {
      pthread_join(made[k], 0);
    }
  }
  atomic_store(&stop, 1);
  pthread_join(looker, 0);
  REQUIRE(atomic_load(&ran) == threads);
  printf("ok %d spawns beside a thread that loops in dlsym\n", threads);
  return 0;
}

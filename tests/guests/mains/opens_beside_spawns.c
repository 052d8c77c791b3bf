// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 32 libraries are opened while 48 threads are started; each thread calls into the newest library that it finds.
#include "guest.h"

enum { libraries = 32, threads = 48, spawners = 4 };

int constructions;

static _Atomic(unary *) newest;
static atomic_int called;

static void *call_newest(void *unused) {
  (void)unused;
  unary *function = 0;
  while ((function = atomic_load(&newest)) == 0) {
    usleep(100);
  }
  int index = function(0);
  REQUIRE(index >= 1 && index <= libraries);
  atomic_fetch_add(&called, 1);
  return 0;
}

static void *spawn(void *unused) {
  (void)unused;
  pthread_t made[threads / spawners];
  for (int i = 0; i < threads / spawners; ++i) {
    made[i] = start(call_newest, 0);
  }
  for (int i = 0; i < threads / spawners; ++i) {
    pthread_join(made[i], 0);
  }
  return 0;
}

int main(void) {
  pthread_t spawning[spawners];
  for (int i = 0; i < spawners; ++i) {
    spawning[i] = start(spawn, 0);
  }
  for (int i = 1; i <= libraries; ++i) {
    char path[32], name[32];
    snprintf(path, sizeof path, "./libcounts_%d.so", i);
    snprintf(name, sizeof name, "counts_%d", i);
    unary *function = (unary *)find(open_now(path), name);
    REQUIRE(function(100) == 100 + i);
    atomic_store(&newest, function);
  }
  for (int i = 0; i < spawners; ++i) {
    pthread_join(spawning[i], 0);
  }
  REQUIRE(atomic_load(&called) == threads && constructions == libraries);
  printf("ok %d opens beside %d spawns\n", libraries, threads);
  return 0;
}

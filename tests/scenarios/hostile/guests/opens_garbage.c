// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two threads open garbage, thousands of times, while others open and call good libraries, start threads and compute.
// The arguments: how many files of garbage there are, and how often each is tried by each thread.
#include "guest.h"

int constructions; // of libcounts_*.so

static int files, rounds;
static atomic_int is_done, refused, opened;
static atomic_long calls, started;
static binary *_Atomic function;

static void *opens_garbage(void *unused) {
  (void)unused;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < files; ++i) {
      char name[40];
      snprintf(name, sizeof name, "./garbage/%d.so", i);
      atomic_fetch_add(dlopen(name, RTLD_NOW) == 0 ? &refused : &opened, 1);
    }
  }
  return 0;
}

static void *computes(void *unused) {
  (void)unused;
  while (atomic_load(&is_done) == 0) {
    binary *add = atomic_load(&function);
    REQUIRE(add(40, 2) == 42);
    atomic_fetch_add(&calls, 1);
  }
  return 0;
}

static void *opens_good(void *unused) {
  (void)unused;
  for (int i = 0; atomic_load(&is_done) == 0; ++i) {
    char name[40];
    snprintf(name, sizeof name, "./libcounts_%d.so", i % 8 + 1);
    open_now(name);
    atomic_store(&function, (binary *)find(open_now("./libplain.so"), "plain_add"));
  }
  return 0;
}

static void *nothing(void *unused) { return unused; }

static void *starts(void *unused) {
  (void)unused;
  while (atomic_load(&is_done) == 0) {
    pthread_join(start(nothing, 0), 0);
    atomic_fetch_add(&started, 1);
  }
  return 0;
}

int main(int argc, char **argv) {
  files = argc > 1 ? atoi(argv[1]) : 0;
  rounds = argc > 2 ? atoi(argv[2]) : 0;
  atomic_store(&function, (binary *)find(open_now("./libplain.so"), "plain_add"));
  pthread_t bad[2] = {start(opens_garbage, 0), start(opens_garbage, 0)};
  pthread_t good[3] = {start(computes, 0), start(opens_good, 0), start(starts, 0)};
  pthread_join(bad[0], 0);
  pthread_join(bad[1], 0);
  atomic_store(&is_done, 1);
  for (int i = 0; i < 3; ++i) {
    pthread_join(good[i], 0);
  }
  REQUIRE(atomic_load(&calls) > 0 && atomic_load(&started) > 0);
  printf("ok refused %d opened %d\n", atomic_load(&refused), atomic_load(&opened));
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One thread asks for functions' addresses by dlsym, one after the other, while another opens a library that needs the
// same addresses, which nobody has asked for before. Both must get the same ones, and a third thread calls each at once,
// compares it and calls what the load was given. Each round has its own functions and its own library.
#include "guest.h"

enum { first_round = 010, last_round = 027, functions = 64 };

static void *library;
static atomic_int round_begun, answered;
static long long load_duration = 300000;  // Nanoseconds; of the last load. The questions are spread over it.
static _Atomic(nullary *) by_dlsym[functions];
static _Atomic(nullary **) by_load;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void *ask(void *unused) {
  (void)unused;
  int round = 0;
  while ((round = atomic_load(&round_begun)) == 0) {
  }
  long long begin = now();
  for (int i = 0; i < functions; ++i) {
    char name[32];
    snprintf(name, sizeof name, "addressed_%o", round * functions + i);
    while (now() < begin + load_duration * i / functions) {
    }
    atomic_store(&by_dlsym[i], (nullary *)find(library, name));
  }
  return 0;
}

static void *call_and_compare(void *number) {
  int round = (int)(intptr_t)number;
  for (int i = 0; i < functions; ++i) {
    nullary *asked = 0, **taken = 0;
    while ((asked = atomic_load(&by_dlsym[i])) == 0) {
    }
    REQUIRE(asked() == round * functions + i);
    if ((taken = atomic_load(&by_load)) != 0) {
      REQUIRE(taken[i] == asked && taken[i]() == round * functions + i);
    }
    atomic_fetch_add(&answered, 1);
  }
  return 0;
}

int main(void) {
  int during_load = 0;
  library = open_now("./libhas_addressed.so");
  for (int round = first_round; round <= last_round; ++round) {
    char path[32];
    snprintf(path, sizeof path, "./libtakes_addresses_%o.so", round);
    for (int i = 0; i < functions; ++i) {
      atomic_store(&by_dlsym[i], 0);
    }
    atomic_store(&by_load, 0);
    atomic_store(&answered, 0);
    atomic_store(&round_begun, 0);
    pthread_t asker = start(ask, 0), caller = start(call_and_compare, (void *)(intptr_t)round);
    atomic_store(&round_begun, round);
    long long begin = now();
    void *taker = open_now(path);
    long long duration = now() - begin;
    during_load += atomic_load(&answered);
    nullary **taken = find(taker, "taken_addresses");
    atomic_store(&by_load, taken);
    pthread_join(asker, 0);
    pthread_join(caller, 0);
    load_duration = duration;
    for (int i = 0; i < functions; ++i) {
      REQUIRE(atomic_load(&by_dlsym[i]) == taken[i]);
    }
  }
  printf("ok a dlsym and a load agree on an address; %d of %d were asked for during the load\n", during_load,
         functions * (last_round - first_round + 1));
  return 0;
}

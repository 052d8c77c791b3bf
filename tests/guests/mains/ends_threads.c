// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads end in each way, and what they held comes back: joined, detached before and after, by return, by pthread_exit
// from nested frames, with thread-specific data and clean-up handlers. Memory does not grow over thousands of threads.
#include <malloc.h>

#include "guest.h"

static pthread_key_t key;
static atomic_int destroyed, cleaned, ran;

static void destroy(void *value) {
  REQUIRE(value != 0);
  atomic_fetch_add(&destroyed, 1);
}

static void clean(void *unused) {
  (void)unused;
  atomic_fetch_add(&cleaned, 1);
}

__attribute__((noinline)) static void exit_nested(int depth, void *result) {
  volatile char frame[256];
  frame[0] = (char)depth;
  if (depth == 0) {
    pthread_exit(result);
  }
  exit_nested(depth - 1, result);
  frame[1] = 0;
}

static void *run(void *argument) {
  pthread_setspecific(key, argument);
  pthread_cleanup_push(clean, 0);
  atomic_fetch_add(&ran, 1);
  if (((intptr_t)argument & 1) != 0) {
    exit_nested(5, argument);
  }
  pthread_cleanup_pop(1);
  return argument;
}

static void round_of_threads(intptr_t number) {
  pthread_t joined = start(run, (void *)number), detached_late = start(run, (void *)number);
  void *result = 0;
  REQUIRE(pthread_join(joined, &result) == 0 && result == (void *)number);
  REQUIRE(pthread_detach(detached_late) == 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 32768);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t detached;
  while (pthread_create(&detached, &attributes, run, (void *)number) != 0) {
    usleep(1000);
  }
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 300;
  REQUIRE(pthread_key_create(&key, destroy) == 0);
  void *highest = 0;
  for (int i = 1; i <= rounds; ++i) {
    round_of_threads(i);
    if (i == rounds / 2) {
      highest = sbrk(0);
    }
  }
  while (atomic_load(&ran) != 3 * rounds || atomic_load(&destroyed) != 3 * rounds) {
    usleep(1000);
  }
  REQUIRE(atomic_load(&cleaned) == 3 * rounds);
  // The later half finds the memory of the earlier; what threads that still end hold at the moment is a few stacks.
  REQUIRE((char *)sbrk(0) - (char *)highest < 64 * 262144);
  printf("ok %d threads ended\n", 3 * rounds);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ends the process by argv[1] (exit, trap, abort, return, pthread_exit) from argv[2] (main, thread) while other threads
// compute, wait, sleep, read standard input, join, and one is in a constructor when argv[3] is "constructing".
// exit ends with 7, return with 7, pthread_exit of main with 0 once the others have ended.
#include "guest.h"

atomic_int constructing, may_finish;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static atomic_int ready, stop;

static void *compute(void *unused) {
  (void)unused;
  atomic_fetch_add(&ready, 1);
  while (atomic_load_explicit(&stop, memory_order_relaxed) == 0) {
  }
  return 0;
}

static void *wait_for_ever(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  atomic_fetch_add(&ready, 1);
  for (;;) {
    pthread_cond_wait(&never, &lock);
  }
}

static void *sleep_long(void *unused) {
  (void)unused;
  atomic_fetch_add(&ready, 1);
  sleep(1000);
  return 0;
}

static void *read_input(void *unused) {
  (void)unused;
  char byte = 0;
  atomic_fetch_add(&ready, 1);
  (void)!read(STDIN_FILENO, &byte, 1);
  sleep(1000);
  return 0;
}

static void *construct(void *unused) {
  (void)unused;
  open_now("./libslow.so");
  return 0;
}

static void *end(void *how) {
  usleep(5000);
  printf("ending by %s\n", (const char *)how);
  fflush(stdout);
  if (strcmp(how, "exit") == 0) {
    exit(7);
  } else if (strcmp(how, "trap") == 0) {
    __builtin_trap();
  } else if (strcmp(how, "abort") == 0) {
    abort();
  } else if (strcmp(how, "pthread_exit") == 0) {
    atomic_store(&stop, 1);
    pthread_exit(0);
  }
  return 0;
}

int main(int argc, char **argv) {
  REQUIRE(argc >= 3);
  start(compute, 0);
  int alone = strcmp(argv[1], "pthread_exit") == 0;
  if (!alone) {
    start(wait_for_ever, 0);
    start(sleep_long, 0);
    start(read_input, 0);
  }
  while (atomic_load(&ready) != (alone ? 1 : 4)) {
    usleep(200);
  }
  if (argc > 3 && strcmp(argv[3], "constructing") == 0) {
    start(construct, 0);
    wait_for(&constructing);
  }
  if (strcmp(argv[2], "thread") == 0) {
    pthread_join(start(end, argv[1]), 0);
  } else {
    end(argv[1]);
  }
  return 7;
}

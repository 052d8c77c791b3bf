// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The constructor starts a thread that runs a function of this library, and waits for it to begin.
#include <pthread.h>
#include <stdatomic.h>

static atomic_int begun;
static pthread_t thread;

static int twice(int value) { return 2 * value; }
static int (*volatile through_table)(int) = twice;

static void *run(void *unused) {
  (void)unused;
  atomic_store(&begun, through_table(21));
  return 0;
}

__attribute__((constructor)) static void start(void) {
  if (pthread_create(&thread, 0, run, 0) != 0) {
    atomic_store(&begun, -1);
  }
  while (atomic_load(&begun) == 0) {
  }
}

int starts_thread_result(void) {
  pthread_join(thread, 0);
  return atomic_load(&begun);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 200 threads that wait for conditions, each its own; says so, and ends when standard input does.
#include "guest.h"

enum { threads = 200 };

static pthread_mutex_t mutexes[threads];
static pthread_cond_t conditions[threads];
static atomic_int waiting;

static void *idle(void *index) {
  pthread_mutex_lock(&mutexes[(size_t)index]);
  atomic_fetch_add(&waiting, 1);
  for (;;) {
    pthread_cond_wait(&conditions[(size_t)index], &mutexes[(size_t)index]);
  }
  return 0;
}

int main(void) {
  for (size_t i = 0; i < threads; ++i) {
    pthread_mutex_init(&mutexes[i], 0);
    pthread_cond_init(&conditions[i], 0);
    start(idle, (void *)i);
  }
  while (atomic_load(&waiting) < threads) {
    usleep(1000);
  }
  printf("ok idle\n");
  fflush(stdout);
  while (getchar() != EOF) {
  }
  exit(0);
}

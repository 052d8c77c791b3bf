// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads that stand by while something is measured: parked on a condition, or computing without any call.
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { most_threads = 256, stack_bytes = 64 * 1024 };

static pthread_t parked_threads[most_threads], spinner;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER, may_go = PTHREAD_COND_INITIALIZER;
static int parked, released;
static atomic_int stop_spinning, spinning;
static atomic_ullong turns;

static int start(pthread_t *thread, void *(*routine)(void *)) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  return pthread_create(thread, &attributes, routine, 0);
}

static void *park(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  parked += 1;
  pthread_cond_signal(&arrived);
  while (!released) {
    pthread_cond_wait(&may_go, &lock);
  }
  pthread_mutex_unlock(&lock);
  return 0;
}

// Returns when all of them wait. Not 0: a thread could not be made.
int bench_park(int count) {
  released = parked = 0;
  for (int i = 0; i < count; ++i) {
    int failed = start(&parked_threads[i], park);
    if (failed != 0) {
      return failed;
    }
  }
  pthread_mutex_lock(&lock);
  while (parked < count) {
    pthread_cond_wait(&arrived, &lock);
  }
  pthread_mutex_unlock(&lock);
  return 0;
}

int bench_release(void) {
  pthread_mutex_lock(&lock);
  released = 1;
  pthread_cond_broadcast(&may_go);
  pthread_mutex_unlock(&lock);
  for (int i = 0; i < parked; ++i) {
    pthread_join(parked_threads[i], 0);
  }
  return 0;
}

static void *spin(void *unused) {
  (void)unused;
  unsigned long long count = 0;
  atomic_store(&spinning, 1);
  while (atomic_load_explicit(&stop_spinning, memory_order_relaxed) == 0) {
    ++count;
  }
  atomic_store(&turns, count);
  return 0;
}

// Returns when the thread computes.
int bench_spin(void) {
  int failed = start(&spinner, spin);
  while (failed == 0 && atomic_load(&spinning) == 0) {
  }
  return failed;
}

int bench_stop_spinning(void) {
  atomic_store(&stop_spinning, 1);
  return pthread_join(spinner, 0);
}

static void *do_nothing(void *unused) { return unused; }

int bench_create_and_join(int count) {
  for (int i = 0; i < count; ++i) {
    pthread_t thread;
    int failed = start(&thread, do_nothing);
    if (failed != 0) {
      return failed;
    }
    pthread_join(thread, 0);
  }
  return 0;
}

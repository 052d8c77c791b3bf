// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads that stand by while groups come to agree: each state is one that a thread of a program is found in. The calls
// are WASIX's own, so that a protocol which serves threads in their host calls can serve them there.
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "dlfcn.h"

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(#name)))
WASIX(thread_id) int host_thread_id(uint32_t *id);
WASIX(futex_wait) int host_futex_wait(atomic_uint *word, uint32_t expected, const void *timeout, uint8_t *woken);
WASIX(futex_wake_all) int host_futex_wake_all(atomic_uint *word, uint8_t *woken);

enum state { calling, computing, waiting, atomic_waiting };
enum { most_threads = 256, stack_bytes = 64 * 1024 };

static pthread_t threads[most_threads];
static int started;
static atomic_uint standing, released;

static void pass_host_call(void) {
  uint32_t id;
  host_thread_id(&id);
}

static void *stand_by(void *state) {
  uint8_t woken;
  atomic_fetch_add(&standing, 1);
  while (atomic_load_explicit(&released, memory_order_relaxed) == 0) {
    switch ((enum state)(uintptr_t)state) {
      case calling:
        pass_host_call();
        break;
      case computing:
        break;
      case waiting:
        host_futex_wait(&released, 0, 0, &woken);
        break;
      case atomic_waiting:
        __builtin_wasm_memory_atomic_wait32((int *)&released, 0, -1);
        break;
    }
  }
  pass_host_call();  // an operation under way may count on this thread
  return 0;
}

// Starts one more thread; returns when it stands by. Not 0: it could not be made.
int bench_stand_by(int state) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  int failed = pthread_create(&threads[started], &attributes, stand_by, (void *)(uintptr_t)state);
  if (failed == 0) {
    started += 1;
    while (atomic_load(&standing) != (unsigned)started) {
    }
  }
  return failed;
}

// Where the host writes 1 when the first thread cannot call `bench_release`.
int bench_released(void) { return (int)(uintptr_t)&released; }

int bench_release(void) {
  uint8_t woken;
  atomic_store(&released, 1);
  host_futex_wake_all(&released, &woken);
  __builtin_wasm_memory_atomic_notify((int *)&released, most_threads);
  for (int i = 0; i < started; ++i) {
    pthread_join(threads[i], 0);
  }
  return 0;
}

int bench_open_many(void) { return (int)(uintptr_t)dlopen("./libbench_many.so", RTLD_NOW); }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Destructors of thread-local objects: what compilers and libc++abi ask the C library for. They run when their thread ends,
// newest first; those of the thread that calls exit run within it.
#include <pthread.h>
#include <stdlib.h>

struct entry {
  void (*function)(void *);
  void *argument;
  struct entry *next;
};

static _Thread_local struct entry *entries;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void run_entries(void *unused) {
  (void)unused;
  while (entries != 0) {
    struct entry *entry = entries, run = *entry;
    entries = run.next;
    free(entry);
    run.function(run.argument);
  }
}

static void run_own_entries(void) { run_entries(0); }

static void prepare(void) {
  pthread_key_create(&key, run_entries);
  atexit(run_own_entries);
}

// 0, or nonzero without memory.
int __cxa_thread_atexit_impl(void (*function)(void *), void *argument, void *module) {
  (void)module;
  pthread_once(&once, prepare);
  struct entry *entry = malloc(sizeof *entry);
  if (entry == 0 || pthread_setspecific(key, &entries) != 0) {
    free(entry);
    return -1;
  }
  *entry = (struct entry){function, argument, entries};
  entries = entry;
  return 0;
}

// Its other name, for programs without libc++abi.
int __cxa_thread_atexit(void (*)(void *), void *, void *) __attribute__((weak, alias("__cxa_thread_atexit_impl")));

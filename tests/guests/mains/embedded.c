// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For embedders: a reactor with libc. Functions to call from several groups, and one that opens a library itself.
#include "guest.h"

#include <errno.h>

// For libspins_in_start.
atomic_int constructing, release;

static atomic_int calls;
static _Thread_local int calls_here;

int embedded_add(int a, int b) { return a + b; }

int embedded_count(void) {
  calls_here += 1;
  return atomic_fetch_add(&calls, 1) + 1;
}

int embedded_count_here(void) { return ++calls_here; }

int embedded_call(binary *function, int a, int b) { return function(a, b); }

int embedded_open_and_add(int a, int b) { return ((binary *)find(open_now("./libplain.so"), "plain_add"))(a, b); }

atomic_int *embedded_constructing(void) { return &constructing; }

atomic_int *embedded_release(void) { return &release; }

// 0, or the error that ended it early.
int embedded_sleep(int seconds) { return usleep(seconds * 1000000u) == 0 ? 0 : errno; }

// Of this thread.
int embedded_leave(void) { pthread_exit(0); }

int embedded_trap(void) { __builtin_trap(); }

int embedded_print(int number) {
  printf("embedded prints %d\n", number);
  return fflush(stdout);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops of one operation each: a look-up, a re-open, a call. Each returns a number, so that nothing is optimised away.
#include <stdint.h>

#include "dlfcn.h"

typedef int step(int);

int bench_needed_step(int x);  // in a library that main needs: a call by thunk

static void *small;

// Opens the small library; returns its handle.
int bench_open(void) {
  small = dlopen("./libbench_small.so", RTLD_NOW);
  return (int)(uintptr_t)small;
}

int bench_reopen(int count) {
  uintptr_t sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += (uintptr_t)dlopen("./libbench_small.so", RTLD_NOW);
  }
  return (int)sum;
}

int bench_find(int count) {
  uintptr_t sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += (uintptr_t)dlsym(small, "bench_small_add");
  }
  return (int)sum;
}

static int add_three(int x) { return x * 5 + 3; }
static int add_seven(int x) { return x * 5 + 7; }
static step *volatile steps[] = {add_three, add_seven};

int bench_call_indirectly(int count) {
  step *function = steps[count & 1];
  int x = count;
  for (int i = 0; i < count; ++i) {
    x = function(x);
  }
  return x;
}

int bench_call_by_thunk(int count) {
  int x = count;
  for (int i = 0; i < count; ++i) {
    x = bench_needed_step(x);
  }
  return x;
}

__attribute__((noinline)) int bench_step(int x) { return x * 5 + 3; }

int bench_call_inside(int count) {
  int x = count;
  for (int i = 0; i < count; ++i) {
    x = bench_step(x);
    __asm__ volatile("" ::: "memory");
  }
  return x;
}

int bench_answer(int x) { return x + 1; }

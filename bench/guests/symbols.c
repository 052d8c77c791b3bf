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

// As libc's dlopen asks the host: the least that a re-open costs.
__attribute__((import_module("wasix_32v1"), import_name("dlopen"))) int host_dlopen(const char *path, int path_length,
                                                                                  int flags, char *error,
                                                                                  int error_length, const char *search,
                                                                                  int search_length, unsigned *handle);

int bench_reopen_raw(int count) {
  static const char path[] = "./libbench_small.so";
  unsigned handle = 0;
  unsigned sum = 0;
  for (int i = 0; i < count; ++i) {
    host_dlopen(path, sizeof path - 1, RTLD_NOW, 0, 0, 0, 0, &handle);
    sum += handle;
  }
  return (int)sum;
}

// A host call that does nothing but answer.
__attribute__((import_module("wasix_32v1"), import_name("dl_invalid_handle"))) int host_dlclose(int handle);

int bench_host_call(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += host_dlclose(1);
  }
  return sum;
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

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops of one operation on closures each.
#include <interlink/closure.h>
#include <stdint.h>

#include "dlfcn.h"

typedef int step(int);

static const uint8_t one_i32[] = {CLOSURE_I32};
static step *volatile closure;
static step *volatile library;

void bench_backing(const uint8_t *arguments, uint8_t *results, void *datum) {
  int x;
  __builtin_memcpy(&x, arguments, sizeof x);
  x = x * 5 + (int)(intptr_t)datum;
  __builtin_memcpy(results, &x, sizeof x);
}

static int make(step *volatile *into) {
  void *made = 0;
  int failed = closure_allocate(&made);
  if (failed == 0) {
    failed = closure_prepare(bench_backing, made, one_i32, 1, one_i32, 1, (void *)7);
  }
  *into = (step *)made;
  return failed;
}

// 0, or what failed.
int bench_make_closure(void) { return make(&closure); }

int bench_make_closures(void) {
  void *opened = dlopen("./libbench_closure.so", RTLD_NOW);
  library = opened == 0 ? 0 : (step *)dlsym(opened, "bench_closure");
  return library == 0 ? -1 : make(&closure);
}

int bench_closure_cycle(int count) {
  for (int i = 0; i < count; ++i) {
    step *made;
    if (make(&made) != 0 || closure_free((void *)made) != 0) {
      return -1;
    }
  }
  return 0;
}

int bench_closure_prepare_again(int count) {
  for (int i = 0; i < count; ++i) {
    if (closure_prepare(bench_backing, (void *)closure, one_i32, 1, one_i32, 1, (void *)7) != 0) {
      return -1;
    }
  }
  return 0;
}

static int call(step *function, int count) {
  int x = count;
  for (int i = 0; i < count; ++i) {
    x = function(x);
  }
  return x;
}

int bench_call_closure(int count) { return call(closure, count); }
int bench_call_closure_library(int count) { return call(library, count); }

int bench_call_dynamically(int count) {
  int x = count;
  for (int i = 0; i < count; ++i) {
    if (call_dynamic((void *)library, &x, sizeof x, &x, sizeof x, 1) != 0) {
      return -1;
    }
  }
  return x;
}

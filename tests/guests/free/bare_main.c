// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A main without libc and without a start: for embedders, who make bare groups of it. Any number of groups may call it at
// once; what they share is in memory, and atomic.
#include <stddef.h>
#include <stdint.h>

typedef int unary(int);

static _Atomic(unary *) shared_function;
static _Atomic int calls;

__attribute__((import_module("embedder"), import_name("add"))) int embedder_add(int a, int b);

// The linker asks it for memory when its arena cannot serve.
void *aligned_alloc(size_t alignment, size_t size) {
  static char heap[1 << 20];
  static size_t used;
  size_t begin = 0, end = 0;
  do {
    begin = __atomic_load_n(&used, __ATOMIC_SEQ_CST);
    uintptr_t at = ((uintptr_t)heap + begin + alignment - 1) & ~(uintptr_t)(alignment - 1);
    end = at + size - (uintptr_t)heap;
    if (end > sizeof heap) {
      return 0;
    }
  } while (!__atomic_compare_exchange_n(&used, &begin, end, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  return heap + end - size;
}

int bare_add(int a, int b) { return a + b; }
int bare_add_by_host(int a, int b) { return embedder_add(a, b); }
int bare_count(void) { return ++calls; }
void bare_share(unary *function) { shared_function = function; }
int bare_call_shared(int value) { return shared_function(value); }
int bare_trap(void) { __builtin_trap(); }

// Calls whatever is shared, again and again, until somebody shares nothing. Returns how often.
int bare_spin(void) {
  int turns = 0;
  for (unary *function = shared_function; function != 0; function = shared_function) {
    turns += function(turns) != 0;
  }
  return turns;
}

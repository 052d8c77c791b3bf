// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The constructor hands a pointer to a running thread of main, and waits until that thread has called it.
#include <stdatomic.h>

extern _Atomic(int (*)(int)) published;
extern atomic_int answer;

static int square(int value) { return value * value; }

__attribute__((constructor)) static void publish(void) {
  atomic_store(&published, square);
  while (atomic_load(&answer) == 0) {
  }
}

int publishes_done(void) { return 1; }

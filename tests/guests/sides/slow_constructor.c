// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The constructor waits until main lets it go on, so that others can look at a library under construction.
#include <stdatomic.h>

extern atomic_int constructing, may_finish;

int slow_value;

__attribute__((constructor)) static void construct(void) {
  atomic_store(&constructing, 1);
  while (atomic_load(&may_finish) == 0) {
  }
  slow_value = 7;
}

int slow_get(void) { return slow_value; }
int slow_one(void) { return 1; }

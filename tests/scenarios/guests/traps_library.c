// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The library of traps.c: traps in a function, in one that is called back, or in its constructor.

__attribute__((noinline)) static void here(void) {
  __builtin_trap(); // in: library, constructor, thunk
}

__attribute__((noinline)) void traps_in_library(void) {
  here(); // in: library, constructor, thunk
  __asm__ volatile("");
}

void calls_back(void (*function)(void)) {
  function(); // in: call_back
  __asm__ volatile("");
}

#ifdef IN_CONSTRUCTOR
__attribute__((constructor)) static void construct(void) {
  traps_in_library(); // in: constructor
  __asm__ volatile("");
}
#endif

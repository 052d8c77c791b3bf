// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls a function that it does not name the library of: by a thunk, which is bound when it is called.
void traps_in_library(void);

__attribute__((noinline)) void calls_lazily(void) {
  traps_in_library(); // in: unbound, thunk
  __asm__ volatile("");
}

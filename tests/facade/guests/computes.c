// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A main without libc and without a start. The embedder sees in its memory whether it computes, and tells it there to
// end.
enum { idle, computing, told_to_return };

static _Atomic int state = idle;

int computes_add(int a, int b) { return a + b; }
// As long as nothing is 0. The instruction says how it ended: 0 is woken.
int computes_wait(void) {
  static _Atomic int nothing = 0;
  return __builtin_wasm_memory_atomic_wait32((int *)&nothing, 0, -1);
}
int computes_trap(void) { __builtin_trap(); }
_Atomic int *computes_state(void) { return &state; }

// No call in the loop: nothing but an interruptible engine can stop it.
int computes_until_told(void) {
  state = computing;
  int turns = 0;
  while (state != told_to_return) {
    turns |= 1;
  }
  return turns;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A main without libc and without a start. The embedder sees in its memory whether it computes, and tells it there to
// end.
enum { idle, computing, told_to_return };

static _Atomic int state = idle;

int computes_add(int a, int b) { return a + b; }
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

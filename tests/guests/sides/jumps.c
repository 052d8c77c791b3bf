// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Jumps to a place that the caller has set, and sets one that a callback jumps to.
#include <setjmp.h>

void jumps_to(jmp_buf place, int value) { longjmp(place, value); }

int jumps_catch(void (*callback)(jmp_buf, int), int value) {
  jmp_buf place;
  int jumped = setjmp(place);
  if (jumped == 0) {
    callback(place, value);
    return -1;
  }
  return jumped;
}

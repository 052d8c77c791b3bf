// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For embedders: a program with a main that waits for its standard input to end, while its exports are called by groups.
#include "guest.h"

static atomic_int calls;

int embedded_main_count(void) { return atomic_fetch_add(&calls, 1) + 1; }

int main(void) {
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) == 1) {
  }
  printf("ok main ended after %d calls\n", atomic_load(&calls));
  return 0;
}

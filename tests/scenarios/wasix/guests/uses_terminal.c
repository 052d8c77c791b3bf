// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The terminal in raw mode: each byte is read as it comes, and echoed in brackets by the guest itself.
#include <stdio.h>
#include <stdlib.h>

#include "guest.h"
#include "processes.h"

int main(int argc, char **argv) {
  struct terminal state = {0};
  REQUIRE(wasix_tty_get((struct terminal *)-4) == e_memviolation && wasix_tty_set((struct terminal *)-4) == e_memviolation);
  REQUIRE(wasix_tty_get(&state) == e_success);
  if (state.input == 0) {
    REQUIRE(state.columns == 0 && wasix_tty_set(&state) == e_notty);
    printf("ok no terminal\n");
    return 0;
  }
  REQUIRE(state.echo == 1 && state.lines == 1 && state.columns == 91 && state.rows == 33);
  state.echo = 0;
  state.lines = 0;
  REQUIRE(wasix_tty_set(&state) == e_success && wasix_tty_get(&state) == e_success);
  REQUIRE(state.echo == 0 && state.lines == 0);
  REQUIRE(put(1, "ready\n", 6) == e_success);
  for (char byte = 0; byte != 'q';) {
    REQUIRE(get(0, &byte, 1) == 1);
    const char echoed[3] = {'[', byte, ']'};
    REQUIRE(put(1, echoed, 3) == e_success);
  }
  if (argc > 1 && strcmp(argv[1], "trap") == 0) {
    __builtin_trap();
  }
  exit(0);
}

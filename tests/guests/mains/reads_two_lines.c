// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two lines that arrive in one write are read as two lines, and poll tells the truth about each state of standard input.
#include <poll.h>

#include "guest.h"

int main(void) {
  char line[64];
  REQUIRE(fgets(line, sizeof line, stdin) != 0 && strcmp(line, "first\n") == 0);
  REQUIRE(fgets(line, sizeof line, stdin) != 0 && strcmp(line, "second\n") == 0);
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  REQUIRE(poll(&input, 1, 20) >= 0);
  printf("ok two lines\n");
  return 0;
}

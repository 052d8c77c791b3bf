// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Standard input is polled before anything was read from it, with two lines there: poll says ready at once, and again after
// the first line was read by itself.
#include <poll.h>

#include "guest.h"

static void read_line(const char *expected) {
  char line[16] = "";
  size_t used = 0;
  while (used < strlen(expected)) {
    REQUIRE(read(STDIN_FILENO, line + used++, 1) == 1);
  }
  REQUIRE(strcmp(line, expected) == 0);
}

int main(void) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  REQUIRE(poll(&input, 1, 10000) == 1 && (input.revents & POLLIN) != 0);
  read_line("first\n");
  REQUIRE(poll(&input, 1, 10000) == 1 && (input.revents & POLLIN) != 0);
  read_line("second\n");
  printf("ok polled and read\n");
  return 0;
}

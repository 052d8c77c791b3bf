// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints its arguments after the first, a line each, and the variables GIVEN and PASSED.
#include "guest.h"

static void show(const char *name) {
  const char *value = getenv(name);
  printf("%s is %s\n", name, value == 0 ? "not set" : value);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    printf("[%s]\n", argv[i]);
  }
  show("GIVEN");
  show("PASSED");
  printf("ok shown\n");
  return 0;
}

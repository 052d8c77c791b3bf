// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a needed library's constructor saw and set.
#include "guest.h"

int environment_opened(void);

int main(void) {
  const char *given = getenv("GIVEN"), *set = getenv("SET_BY_LIBRARY");
  printf("main: %s %s %d\n", given != 0 ? given : "nothing", set != 0 ? set : "nothing", environment_opened());
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The address that main takes of a needed library's function is the one that dlsym finds, in each thread.
#include "guest.h"

extern int code_add(int, int);

static void compare(void) {
  int (*found)(int, int) = (int (*)(int, int))find(RTLD_DEFAULT, "code_add");
  int (*volatile taken)(int, int) = code_add;
  REQUIRE(found == taken && found(40, 2) == 42 && taken(40, 2) == 42 && code_add(40, 2) == 42);
}

static void *compare_elsewhere(void *unused) {
  (void)unused;
  compare();
  return 0;
}

int main(void) {
  compare();
  pthread_join(start(compare_elsewhere, 0), 0);
  printf("ok one address in main and by dlsym\n");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library uses main's libc: one errno for each thread, one stdout, one heap.
#include <errno.h>

#include "guest.h"

static void *side;

static void check_errno(int value) {
  errno = 0;
  ((void (*)(int))find(side, "prints_set_errno"))(value);
  REQUIRE(errno == value && ((nullary *)find(side, "prints_get_errno"))() == value);
  REQUIRE(((int *(*)(void))find(side, "prints_errno_address"))() == &errno);
}

static void *check_elsewhere(void *main_errno) {
  check_errno(33);
  REQUIRE(&errno != (int *)main_errno);
  return 0;
}

int main(void) {
  side = open_now("./libprints.so");
  check_errno(22);
  pthread_join(start(check_elsewhere, &errno), 0);
  REQUIRE(errno == 22);
  char *copy = ((char *(*)(const char *))find(side, "prints_duplicate"))("copied");
  REQUIRE(copy != 0 && strcmp(copy, "copied") == 0);
  free(copy);
  printf("main: one\n");
  ((void (*)(const char *))find(side, "prints_line"))("two");
  printf("main: three");
  ((void (*)(const char *))find(side, "prints_without_end"))(" four\n");
  printf("ok libc is shared\n");
  return 0;
}

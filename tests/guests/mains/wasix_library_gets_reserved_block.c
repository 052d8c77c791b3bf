// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that allocates its own thread-local block is given the one that the linker reserved, in each thread, also
// in one that was started before the library was opened; what else it allocates comes from the allocator.
#include "guest.h"

static void *library;
static atomic_int is_open;

static int *check_here(void) {
  REQUIRE(((nullary *)find(library, "wasix_tls_next"))() == 4);
  REQUIRE(((nullary *)find(library, "wasix_tls_next"))() == 5);
  return ((int *(*)(void))find(library, "wasix_tls_address"))();
}

static void *check_elsewhere(void *unused) {
  (void)unused;
  while (!atomic_load(&is_open)) {
    sched_yield();
  }
  return check_here();
}

int main(void) {
  pthread_t before = start(check_elsewhere, 0);
  library = open_now("./libtls_wasix.so");
  int *here = check_here();
  atomic_store(&is_open, 1);
  pthread_t after = start(check_elsewhere, 0);
  void *there[2];
  pthread_join(before, &there[0]);
  pthread_join(after, &there[1]);
  REQUIRE(here != there[0] && here != there[1]);
  char *block = ((void *(*)(size_t))find(library, "wasix_tls_allocate"))(112);
  REQUIRE(block != 0);
  free(block);
  printf("ok the library got its reserved blocks\n");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two threads open, at the same time, two libraries that need each other.
#include "notes.h"

static atomic_int ready;

static void *open_one(void *path) {
  atomic_fetch_add(&ready, 1);
  while (atomic_load(&ready) != 2) {
  }
  void *library = open_now(path);
  REQUIRE(((nullary *)find(library, "order_value_30"))() == 61);
  REQUIRE(((nullary *)find(library, "order_value_31"))() == 61);
  return 0;
}

int main(void) {
  pthread_t first = start(open_one, "./libcycle_a.so"), second = start(open_one, "./libcycle_b.so");
  pthread_join(first, 0);
  pthread_join(second, 0);
  position_of(30);
  position_of(31);
  REQUIRE(atomic_load(&note_count) == 2);
  printf("ok two threads opened libraries that need each other\n");
  return 0;
}

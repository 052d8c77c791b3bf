// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two threads open two libraries whose constructors open each other's library. It runs to its end, each constructor once.
#include "notes.h"

static atomic_int ready;

static void *open_one(void *path) {
  atomic_fetch_add(&ready, 1);
  while (atomic_load(&ready) != 2) {
  }
  open_now(path);
  return 0;
}

int main(void) {
  pthread_t first = start(open_one, "./libmutual_a.so"), second = start(open_one, "./libmutual_b.so");
  pthread_join(first, 0);
  pthread_join(second, 0);
  REQUIRE(position_of(60) < position_of(61) && position_of(70) < position_of(71));
  REQUIRE(atomic_load(&note_count) == 4);
  REQUIRE(((nullary *)find(open_now("./libmutual_a.so"), "mutual_a_value"))() == 1);
  printf("ok two constructors opened each other's library\n");
  return 0;
}

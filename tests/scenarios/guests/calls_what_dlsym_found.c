// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library is there before a thread starts. While the thread computes without any call, main asks for the address of a
// function that nobody has asked for before; the thread calls it by the pointer that it finds in memory.
#include "guest.h"

static _Atomic(nullary *) function;
static atomic_int spinning;
static int result;

static void *spin(void *unused) {
  (void)unused;
  atomic_store(&spinning, 1);
  nullary *found = 0;
  while ((found = atomic_load_explicit(&function, memory_order_relaxed)) == 0) {
  }
  result = found();
  return 0;
}

int main(void) {
  void *library = open_now("./libplain.so");
  pthread_t spinner = start(spin, 0);
  wait_for(&spinning);
  atomic_store(&function, (nullary *)find(library, "plain_next"));
  pthread_join(spinner, 0);
  REQUIRE(result == 1);
  printf("ok a running thread called what another one's dlsym found\n");
  return 0;
}

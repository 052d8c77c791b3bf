// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library is opened while another thread computes in a loop without any call; then that thread calls into the library by
// a pointer that it finds in memory.
#include "guest.h"

static _Atomic(binary *) function;
static atomic_int spinning;
static int result;

static void *spin(void *unused) {
  (void)unused;
  atomic_store(&spinning, 1);
  binary *found = 0;
  while ((found = atomic_load_explicit(&function, memory_order_relaxed)) == 0) {
  }
  result = found(40, 2);
  return 0;
}

int main(void) {
  pthread_t spinner = start(spin, 0);
  wait_for(&spinning);
  void *library = open_now("./libplain.so");
  atomic_store(&function, (binary *)find(library, "plain_add"));
  pthread_join(spinner, 0);
  REQUIRE(result == 42);
  printf("ok the spinning thread called the library that was opened meanwhile\n");
  return 0;
}

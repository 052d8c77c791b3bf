// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One thread opens a library whose constructor reads standard input, which is silent for long; main opens it too, and has
// to wait for that constructor.
#include "guest.h"

atomic_int constructing;

static void *open_first(void *unused) {
  (void)unused;
  open_now("./libreads.so");
  return 0;
}

int main(void) {
  pthread_t opener = start(open_first, 0);
  wait_for(&constructing);
  void *library = open_now("./libreads.so");
  REQUIRE(((nullary *)find(library, "reads_byte"))() == 'x');
  pthread_join(opener, 0);
  printf("ok the constructor was awaited\n");
  return 0;
}

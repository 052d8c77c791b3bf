// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A constructor starts a thread that runs the library's own code, and waits for it.
#include "guest.h"

int main(void) {
  void *library = open_now("./libstarts_thread.so");
  REQUIRE(((nullary *)find(library, "starts_thread_result"))() == 42);
  printf("ok a constructor started a thread\n");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program at fixed addresses opens a library with thread-local variables, and has threads.
#include "guest.h"

_Thread_local int main_tls = 1000;

static void *tls;

static void *check(void *unused) {
  (void)unused;
  REQUIRE(((nullary *)find(tls, "tls_next"))() == 8 && ((nullary *)find(tls, "tls_next_private"))() == 4);
  REQUIRE(((nullary *)find(tls, "tls_read_pointer"))() == 5);
  REQUIRE(((unary *)find(tls, "tls_add_main"))(1) == 1001 && main_tls == 1001);
  return 0;
}

int main(void) {
  tls = open_now("./libtls.so");
  check(0);
  pthread_t first = start(check, 0), second = start(check, 0);
  pthread_join(first, 0);
  pthread_join(second, 0);
  REQUIRE(main_tls == 1001);
  printf("ok a fixed-address main with thread-local variables\n");
  return 0;
}

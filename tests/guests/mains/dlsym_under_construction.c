// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// While a constructor runs, another thread finds the library's symbols and calls them; a dlopen of it waits for the end.
#include "guest.h"

atomic_int constructing, may_finish;

static atomic_int opened;

static void *open_slow(void *unused) {
  (void)unused;
  REQUIRE(dlopen("./libslow.so", RTLD_NOW | RTLD_GLOBAL) != 0);
  return 0;
}

static void *open_slow_too(void *unused) {
  (void)unused;
  void *library = open_now("./libslow.so");
  REQUIRE(((nullary *)find(library, "slow_get"))() == 7);
  atomic_store(&opened, 1);
  return 0;
}

int main(void) {
  pthread_t opener = start(open_slow, 0);
  wait_for(&constructing);
  REQUIRE(((nullary *)find(RTLD_DEFAULT, "slow_one"))() == 1);
  REQUIRE(((nullary *)find(RTLD_DEFAULT, "slow_get"))() == 0);
  pthread_t second = start(open_slow_too, 0);
  usleep(20000);
  REQUIRE(atomic_load(&opened) == 0);
  atomic_store(&may_finish, 1);
  pthread_join(opener, 0);
  pthread_join(second, 0);
  printf("ok a library under construction was found, and awaited\n");
  return 0;
}

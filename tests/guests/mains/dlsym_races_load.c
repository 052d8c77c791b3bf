// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread after thread asks for a function's address while another opens a library that needs the same address. Both must
// get the same one, and a third thread calls it at once. The libraries are copies of one: one for each round.
#include "guest.h"

enum { rounds = 8 };

int main_function(int value) { return value + 1; }

static void *plain;
static atomic_int round_begun;
static _Atomic(binary *) by_dlsym, by_load;

static void *ask(void *number) {
  while (atomic_load(&round_begun) != (int)(intptr_t)number) {
  }
  atomic_store(&by_dlsym, (binary *)find(plain, "plain_add"));
  return 0;
}

static void *call_at_once(void *number) {
  (void)number;
  binary *function = 0;
  while ((function = atomic_load(&by_dlsym)) == 0 && (function = atomic_load(&by_load)) == 0) {
  }
  REQUIRE(function(40, 2) == 42);
  return 0;
}

int main(void) {
  plain = open_now("./libplain.so");
  for (int i = 1; i <= rounds; ++i) {
    char path[32], name[32];
    snprintf(path, sizeof path, "./libracer%d.so", i);
    snprintf(name, sizeof name, "racer%d_plain_add", i);
    atomic_store(&by_dlsym, 0);
    atomic_store(&by_load, 0);
    pthread_t asker = start(ask, (void *)(intptr_t)i), caller = start(call_at_once, 0);
    atomic_store(&round_begun, i);
    void *racer = open_now(path);
    atomic_store(&by_load, ((binary * (*)(void)) find(racer, name))());
    pthread_join(asker, 0);
    pthread_join(caller, 0);
    REQUIRE(atomic_load(&by_dlsym) == atomic_load(&by_load));
  }
  printf("ok a dlsym and a load agree on an address\n");
  return 0;
}

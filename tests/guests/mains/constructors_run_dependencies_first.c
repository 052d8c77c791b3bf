// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constructors run once, those of needed libraries first: in a chain, a diamond, a cycle, and when a library needs itself.
#include "notes.h"

static int call(void *library, const char *name) { return ((nullary *)find(library, name))(); }

static void *open_again(void *unused) {
  (void)unused;
  open_now("./libchain_a.so");
  open_now("./libdiamond_top.so");
  return 0;
}

int main(void) {
  void *chain = open_now("./libchain_a.so");
  REQUIRE(position_of(10) < position_of(11) && position_of(11) < position_of(12));
  REQUIRE(call(chain, "order_value_12") == 12 + 11);
  void *diamond = open_now("./libdiamond_top.so");
  REQUIRE(position_of(20) < position_of(21) && position_of(20) < position_of(22));
  REQUIRE(position_of(21) < position_of(23) && position_of(22) < position_of(23));
  REQUIRE(call(diamond, "order_value_23") == 23 + 21 + 22);
  void *cycle = open_now("./libcycle_a.so");
  REQUIRE(position_of(30) >= 0 && position_of(31) >= 0);
  REQUIRE(call(cycle, "order_value_30") == 61 && call(cycle, "order_value_31") == 61);
  void *self = open_now("./libself.so");
  REQUIRE(call(self, "order_value_40") == 40 && position_of(40) >= 0);
  pthread_join(start(open_again, 0), 0);
  REQUIRE(atomic_load(&note_count) == 3 + 4 + 2 + 1);
  printf("ok constructors ran once, dependencies first\n");
  return 0;
}

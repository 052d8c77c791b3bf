// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weak symbols: undefined ones are null, defined ones are found, and the first definition in scope wins.
#include "guest.h"

int weak_data_in_main = 11;
int weak_function_in_main(int value) { return value + 100; }
int weak_replaced(void) { return 5; }

int main(int argc, char **argv) {
  (void)argv;
  void *weak = open_now("./libweak.so");
  REQUIRE(((void *(*)(void))find(weak, "weak_address_nowhere"))() == 0);
  REQUIRE(((unary *)find(weak, "weak_call_or"))(9) == 9);
  REQUIRE(((nullary *)find(weak, "weak_read_main"))() == 11);
  REQUIRE(((unary *)find(weak, "weak_call_main"))(1) == 101);
  REQUIRE(((nullary *)find(weak, "weak_call_replaced"))() == 5);
  REQUIRE(((nullary *)find(weak, "weak_call_kept"))() == 2);
  printf("ok weak symbols\n");
  fflush(stdout);
  if (argc > 1) {
    ((nullary *)find(weak, "weak_call_blindly"))();
  }
  return 0;
}

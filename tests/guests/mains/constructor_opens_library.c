// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A constructor opens another library, whose constructor runs inside, and calls it.
#include "notes.h"

int main(void) {
  void *outer = open_now("./libopens_order.so");
  REQUIRE(position_of(50) < position_of(10) && position_of(10) < position_of(51));
  REQUIRE(((nullary *)find(outer, "opens_order_found"))() == 10);
  printf("ok a constructor opened a library\n");
  return 0;
}

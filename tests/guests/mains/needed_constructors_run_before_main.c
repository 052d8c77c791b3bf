// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The constructors of the libraries that main names as needed run before main, dependencies first.
#include "notes.h"

int order_own_12(void);

int main(void) {
  REQUIRE(atomic_load(&note_count) == 3);
  REQUIRE(position_of(10) < position_of(11) && position_of(11) < position_of(12));
  REQUIRE(order_own_12() == 12);
  printf("ok needed libraries were constructed before main\n");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Computes without a host call or an indirect one.
#include <stdio.h>

int main(void) {
  printf("computing\n");
  fflush(stdout);
  for (volatile unsigned i = 0;; ++i) {
  }
}

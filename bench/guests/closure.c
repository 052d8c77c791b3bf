// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One closure as a library of its own, as a linker makes it that has no trampolines in stock. Its backing function is
// the program's.
#include <stdint.h>

void bench_backing(const uint8_t *arguments, uint8_t *results, void *datum);

int bench_closure(int x) {
  uint8_t arguments[16], results[16];
  __builtin_memcpy(arguments, &x, sizeof x);
  void (*volatile backing)(const uint8_t *, uint8_t *, void *) = bench_backing;
  backing(arguments, results, (void *)7);
  __builtin_memcpy(&x, results, sizeof x);
  return x;
}

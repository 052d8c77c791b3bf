// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two threads read standard input; each byte goes to one of them. The input holds the 100 bytes 0 to 99, then ends.
#include "guest.h"

enum { bytes = 100 };

static atomic_int seen[256];
static atomic_int count;

static void *read_bytes(void *unused) {
  (void)unused;
  unsigned char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) == 1) {
    atomic_fetch_add(&seen[byte], 1);
    atomic_fetch_add(&count, 1);
  }
  return 0;
}

int main(void) {
  pthread_t first = start(read_bytes, 0), second = start(read_bytes, 0);
  pthread_join(first, 0);
  pthread_join(second, 0);
  REQUIRE(atomic_load(&count) == bytes);
  for (int i = 0; i < bytes; ++i) {
    REQUIRE(atomic_load(&seen[i]) == 1);
  }
  printf("ok two threads read %d bytes\n", bytes);
  return 0;
}

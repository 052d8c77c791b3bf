// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The constructor reads one byte of standard input, and waits for it as long as it takes.
#include <stdatomic.h>
#include <unistd.h>

extern atomic_int constructing;

int byte_read;

__attribute__((noinline)) static int read_in_constructor(void) {
  char byte = 0;
  return read(STDIN_FILENO, &byte, 1) == 1 ? byte : -1;
}

__attribute__((constructor)) static void construct(void) {
  atomic_store(&constructing, 1);
  byte_read = read_in_constructor();
}

int reads_byte(void) { return byte_read; }

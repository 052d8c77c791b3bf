// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "checks.h"

#include <stdatomic.h>
#include <stdio.h>

static atomic_int made, failed;
static uint32_t table[256];

// Before main, and before any thread: the table is constant from then on.
__attribute__((constructor)) static void make_table(void) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1) != 0 ? 0xedb88320u ^ (value >> 1) : value >> 1;
    }
    table[byte] = value;
  }
}

uint32_t checks_crc32(const unsigned char *data, size_t size) {
  uint32_t value = ~0u;
  for (size_t i = 0; i < size; ++i) {
    value = table[(value ^ data[i]) & 255] ^ (value >> 8);
  }
  return ~value;
}

void checks_expect(int holds, const char *words) {
  atomic_fetch_add(&made, 1);
  if (!holds) {
    atomic_fetch_add(&failed, 1);
    printf("wrong: %s\n", words);
  }
}

int checks_failed(void) { return atomic_load(&failed); }
int checks_made(void) { return atomic_load(&made); }

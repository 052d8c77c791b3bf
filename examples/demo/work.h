// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a worker does: it opens three real libraries and uses each.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef unsigned long crc32_function(unsigned long start, const unsigned char *data, unsigned size);

struct file {
  unsigned char *bytes;
  size_t size;
  uint32_t crc;  // By the definition, not by zlib.
};

struct report {
  double compress_ms, lua_ms, sqlite_ms;
  size_t compressed_size;
  crc32_function *crc32;  // As `dlsym` gave it.
};

enum { sorted_numbers = 20000, table_rows = 20000 };

double milliseconds(void);

// Each opens its library, works, and checks its results; a failure is counted and printed.
void use_zlib(const struct file *file, struct report *report);
void use_lua(struct report *report);
void use_sqlite(struct report *report);

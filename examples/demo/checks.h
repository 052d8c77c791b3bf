// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The library that the demo names as needed: it judges the results of the libraries that the demo opens.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The CRC-32 of zlib and gzip, bit by bit from its definition (polynomial 0xedb88320), to compare with zlib's.
uint32_t checks_crc32(const unsigned char *data, size_t size);

// Counts a check; a false one is printed with its words. Any thread may call it.
void checks_expect(int holds, const char *words);

// How many checks did not hold, and how many there were.
int checks_failed(void);
int checks_made(void);

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Uses main's libc: its streams, its errno, its heap.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void prints_line(const char *text) { printf("side: %s\n", text); }
void prints_without_end(const char *text) { fputs(text, stdout); }
void prints_set_errno(int value) { errno = value; }
int prints_get_errno(void) { return errno; }
int *prints_errno_address(void) { return &errno; }

char *prints_duplicate(const char *text) {
  char *copy = malloc(strlen(text) + 1);
  return copy != 0 ? strcpy(copy, text) : 0;
}

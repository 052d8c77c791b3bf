// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A plugin: answers a request with its version and the request turned round. Rebuild it with another VERSION while the
// server runs.
#include <stdio.h>
#include <string.h>

#ifndef VERSION
#define VERSION 1
#endif

// The length of the answer, which is cut at `room` bytes.
int plugin_answer(const char *request, char *answer, int room) {
  int length = snprintf(answer, (size_t)room, "v%d ", VERSION);
  for (size_t i = strlen(request); i != 0 && length < room; --i) {
    answer[length++] = request[i - 1];
  }
  return length;
}

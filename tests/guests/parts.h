// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A test program of several parts, each a behaviour: argv[1] says which one runs.
#pragma once

#include "guest.h"

struct part {
  const char *name;
  void (*run)(void);
};

static inline int run_part_of(const struct part *parts, size_t count, int argc, char **argv) {
  REQUIRE(argc == 2);
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(argv[1], parts[i].name) == 0) {
      parts[i].run();
      printf("ok %s\n", argv[1]);
      return 0;
    }
  }
  printf("failed: no part %s\n", argv[1]);
  return 1;
}

#define RUN_PART(parts) run_part_of(parts, sizeof(parts) / sizeof *(parts), argc, argv)

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library whose constructor uses the C library: environment, standard output, errno and thread-local storage.
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local int own = 5;
static int opened;

__attribute__((constructor)) static void constructed(void) {
  const char *given = getenv("GIVEN");
  errno = 7;
  printf("constructor: %s %d %d\n", given != 0 ? given : "nothing", own, errno);
  setenv("SET_BY_LIBRARY", "yes", 1);
  opened = dlopen("libplain.so", RTLD_NOW) != 0;
}

int environment_opened(void) { return opened; }

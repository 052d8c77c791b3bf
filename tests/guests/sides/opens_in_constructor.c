// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The constructor opens another library (OPENS) and calls a function of it (CALLS), which returns int.
#include <dlfcn.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

void note(int number);

static int value_found = -1;

__attribute__((constructor)) static void open_other(void) {
  note(NUMBER);
  void *library = dlopen(TEXT(OPENS), RTLD_NOW);
  if (library != 0) {
    int (*function)(void) = (int (*)(void))dlsym(library, TEXT(CALLS));
    value_found = function != 0 ? function() : -2;
  }
  note(NUMBER + 1);
}

int FOUND(void) { return value_found; }
#ifdef ONE
int ONE(void) { return 1; }
#endif

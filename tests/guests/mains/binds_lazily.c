// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library with undefined functions is refused with RTLD_NOW, which lists what is missing; with RTLD_LAZY it is opened and
// its other functions work. With an argument an undefined function is called, which traps and names it.
#include "guest.h"

int main(int argc, char **argv) {
  (void)argv;
  REQUIRE(dlopen("./libmissing_functions.so", RTLD_NOW) == 0);
  const char *text = dlerror();
  REQUIRE(text != 0 && strstr(text, "missing_one") != 0);
  void *library = dlopen("./libmissing_functions.so", RTLD_LAZY);
  REQUIRE(library != 0);
  REQUIRE(((nullary *)find(library, "missing_functions_fine"))() == 3);
  printf("ok bound lazily\n");
  fflush(stdout);
  if (argc > 1) {
    ((nullary *)find(library, "missing_functions_use"))();
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// opens_by_name [-d DIRECTORY] SYMBOL VALUE NAME...: changes to the directory, opens each name, which must all be the
// same library, and calls its function, which must give the value.
#include "notes.h"

int main(int argc, char **argv) {
  int first = 1;
  if (argc > 2 && strcmp(argv[1], "-d") == 0) {
    REQUIRE(chdir(argv[2]) == 0);
    first = 3;
  }
  REQUIRE(argc >= first + 3);
  void *library = open_now(argv[first + 2]);
  for (int i = first + 3; i < argc; ++i) {
    REQUIRE(open_now(argv[i]) == library);
  }
  REQUIRE(((nullary *)find(library, argv[first]))() == atoi(argv[first + 1]));
  printf("ok opened by name\n");
  return 0;
}

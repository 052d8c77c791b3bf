// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Each argument is a library that cannot be opened: the error is printed. Then a good one is opened and used.
// With "-n COUNT" in front each is tried so often.
#include "guest.h"

int main_function(int value) { return value + 1; }

int main(int argc, char **argv) {
  int first = 1, count = 1;
  if (argc > 2 && strcmp(argv[1], "-n") == 0) {
    count = atoi(argv[2]);
    first = 3;
  }
  for (int i = first; i < argc; ++i) {
    for (int k = 0; k < count; ++k) {
      REQUIRE(dlopen(argv[i], RTLD_NOW) == 0);
      const char *text = dlerror();
      REQUIRE(text != 0 && strlen(text) > 0 && dlerror() == 0);
      if (k == 0) {
        printf("%s: %s\n", argv[i], text);
      }
    }
  }
  void *plain = open_now("./libplain.so");
  REQUIRE(((binary *)find(plain, "plain_add"))(40, 2) == 42 && *(int *)find(plain, "plain_value") == 42);
  printf("ok a good library after %d failures\n", (argc - first) * count);
  return 0;
}

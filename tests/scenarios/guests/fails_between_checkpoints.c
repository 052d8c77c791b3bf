// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fails to open each argument, with a call of the host before (0) and after (1); then opens and uses a good library.
// Each is tried once before the checkpoints, so that what is made once only, such as text of the C library, is there.
#include "guest.h"

__attribute__((import_module("test"), import_name("checkpoint"))) void checkpoint(int place);

int main_function(int value) { return value + 1; }

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    REQUIRE(dlopen(argv[i], RTLD_NOW) == 0);
    checkpoint(0);
    REQUIRE(dlopen(argv[i], RTLD_NOW) == 0);
    checkpoint(1);
  }
  void *plain = open_now("./libplain.so");
  REQUIRE(((binary *)find(plain, "plain_add"))(40, 2) == 42);
  return 0;
}

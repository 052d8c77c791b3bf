// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Looks up functions of ./many.so until the function table is at its maximum. What it has by then goes on working, in new
// threads too; what needs another slot is refused. With "lazy" it then calls a function that is bound at its first call.
#include "guest.h"

enum { most = 1000 };

static unary *found[most];
static int count;

static void *calls_all(void *unused) {
  (void)unused;
  for (int i = 0; i < count; ++i) {
    REQUIRE(found[i](1) == i + 1);
  }
  return 0;
}

int main(int argc, char **argv) {
  void *lazy = dlopen("./lazy.so", RTLD_LAZY);
  REQUIRE(lazy != 0);
  nullary *calls_late = (nullary *)find(lazy, "calls_late");
  void *many = open_now("./many.so");
  char name[32];
  for (; count < most; ++count) {
    snprintf(name, sizeof name, "adds_%d", count);
    found[count] = (unary *)dlsym(many, name);
    if (found[count] == 0) {
      break;
    }
  }
  const char *text = dlerror();
  REQUIRE(count > 10 && count < most && text != 0);
  printf("%s\n", text);
  REQUIRE(dlsym(many, name) == 0 && dlopen("./libmany_slots.so", RTLD_NOW) == 0);
  printf("%s\n", dlerror());
  REQUIRE(dlsym(many, "adds_0") == (void *)found[0] && *(int *)find(many, "number") == 0);
  calls_all(0);
  pthread_join(start(calls_all, 0), 0);
  // No slot is needed for this one.
  REQUIRE(dlopen("./slotless.so", RTLD_NOW) != 0);
  pthread_join(start(calls_all, 0), 0);
  if (argc > 1 && strcmp(argv[1], "lazy") == 0) {
    REQUIRE(dlopen("./late.so", RTLD_NOW | RTLD_GLOBAL) != 0);
    printf("%d\n", calls_late());
  }
  printf("ok with a full table\n");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program without dylink.0, with threads by wasi.thread-spawn and an imported memory. dlopen in it fails with a clear text.
#include "guest.h"

enum { threads = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int sum;

static void *add(void *argument) {
  for (int i = 0; i < 1000; ++i) {
    pthread_mutex_lock(&lock);
    sum += (int)(intptr_t)argument;
    pthread_mutex_unlock(&lock);
  }
  return 0;
}

int main(int argc, char **argv) {
  (void)argv;
  pthread_t made[threads];
  for (intptr_t i = 0; i < threads; ++i) {
    made[i] = start(add, (void *)(i + 1));
  }
  for (int i = 0; i < threads; ++i) {
    pthread_join(made[i], 0);
  }
  REQUIRE(sum == 10000);
  if (argc > 1) {
    REQUIRE(dlopen("./libplain.so", RTLD_NOW) == 0);
    printf("dlopen: %s\n", dlerror());
  }
  printf("ok plain threads\n");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The main thread ends by pthread_exit; another one joins it, prints, and ends as the last: the process ends with it, by
// exit(0), which flushes.
#include "guest.h"

static int given;

static void *join_main(void *main_thread) {
  void *result = 0;
  REQUIRE(pthread_join((pthread_t)main_thread, &result) == 0);
  REQUIRE(result == &given);
  printf("ok main has left\n");  // Stays in the buffer.
  return 0;
}

int main(void) {
  start(join_main, pthread_self());
  pthread_exit(&given);
}

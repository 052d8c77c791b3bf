// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 10,000 threads are asked for, more than the host has: each refusal is EAGAIN, those that run can be joined, and then there
// is room again. The first argument is how many the host must allow at least.
#include <errno.h>

#include "guest.h"

enum { most = 10000 };

static pthread_t made[most];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_at_gate(void *unused) {
  (void)unused;
  pthread_mutex_lock(&gate);
  pthread_mutex_unlock(&gate);
  return 0;
}

int main(int argc, char **argv) {
  int least = argc > 1 ? atoi(argv[1]) : 1, count = 0, refused = 0;
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 16384);
  pthread_mutex_lock(&gate);
  while (count + refused < most) {
    int error = pthread_create(&made[count], &small, wait_at_gate, 0);
    REQUIRE(error == 0 || error == EAGAIN);
    error == 0 ? ++count : ++refused;
  }
  pthread_mutex_unlock(&gate);
  for (int i = 0; i < count; ++i) {
    REQUIRE(pthread_join(made[i], 0) == 0);
  }
  REQUIRE(count >= least && refused > 0);
  pthread_join(start(wait_at_gate, 0), 0);
  printf("ok the host refused a thread with EAGAIN, and had room again\n");
  return 0;
}

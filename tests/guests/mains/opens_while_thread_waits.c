// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library is opened while another thread waits on a condition; when it wakes it calls into the library.
#include "guest.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static binary *function;
static atomic_int waiting;

static void *wait(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  atomic_store(&waiting, 1);
  while (function == 0) {
    pthread_cond_wait(&changed, &lock);
  }
  pthread_mutex_unlock(&lock);
  REQUIRE(function(40, 2) == 42);
  return 0;
}

int main(void) {
  pthread_t waiter = start(wait, 0);
  wait_for(&waiting);
  usleep(2000);
  void *library = open_now("./libplain.so");
  binary *found = (binary *)find(library, "plain_add");
  pthread_mutex_lock(&lock);
  function = found;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
  pthread_join(waiter, 0);
  printf("ok the waiting thread called the library that was opened meanwhile\n");
  return 0;
}

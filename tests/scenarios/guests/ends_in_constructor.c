// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A constructor ends by argv[1] (trap, exit, pthread_exit) in the thread argv[2] (main, thread). It is the second of a
// chain of three libraries: the first has been constructed, the third has not begun. With argv[3] "waited" another thread
// waits for the library meanwhile. The libraries' constructors call `note` with their numbers: 10, 11, 12.
#include "guest.h"

static const char *how;
static pthread_t noted_by[13];
static atomic_int is_cut_short;

void note(int number) {
  REQUIRE(noted_by[number] == 0);
  noted_by[number] = pthread_self();
  if (number != 11) {
    return;
  }
  atomic_store(&is_cut_short, 1);
  usleep(20000);  // Lets a waiter arrive; what must come out is the same if it does not.
  if (strcmp(how, "trap") == 0) {
    __builtin_trap();
  } else if (strcmp(how, "exit") == 0) {
    exit(7);
  }
  pthread_exit(0);
}

static void *open_chain(void *unused) {
  (void)unused;
  return open_now("./libchain_a.so");
}

static void *open_chain_late(void *opener) {
  wait_for(&is_cut_short);
  void *library = open_chain(0);
  printf("the waiter goes on\n");
  fflush(stdout);
  // Each has run once: the first two in the thread that is gone, the third in the first that needed it.
  REQUIRE(noted_by[10] == (pthread_t)opener && noted_by[11] == (pthread_t)opener && noted_by[12] == pthread_self());
  REQUIRE(((nullary *)find(library, "order_value_12"))() == 12 + 11);
  REQUIRE(open_now("./libchain_a.so") == library);
  printf("ok a constructor cut short counts as run, and the next one passed on\n");
  return library;
}

int main(int argc, char **argv) {
  REQUIRE(argc >= 3);
  how = argv[1];
  int waited = argc > 3 && strcmp(argv[3], "waited") == 0;
  if (strcmp(argv[2], "main") == 0) {
    if (waited) {
      start(open_chain_late, pthread_self());
    }
    open_chain(0);
    return 1;
  }
  pthread_t opener = start(open_chain, 0);
  pthread_t waiter = waited ? start(open_chain_late, opener) : 0;
  void *opened = &opened;
  pthread_join(opener, &opened);
  REQUIRE(opened == 0);
  if (waited) {
    pthread_join(waiter, 0);
  } else {
    open_chain_late(opener);
  }
  return 0;
}

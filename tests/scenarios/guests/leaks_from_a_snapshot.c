// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The main thread asks for functions' addresses by dlsym; the host holds every second answer up while it is published. A
// thread that is behind catches up meanwhile, has the address from what it finds, and stores it; a third one, which was
// up to date before, loads and calls it at once. The main thread's answer comes only after that call.
#include "guest.h"

enum { first = 01000, rounds = 100 };

// The host holds up the next publication, says when it holds the so manieth one, and goes on when the call has returned.
__attribute__((import_module("test"), import_name("hold_next"))) void hold_next(void);
__attribute__((import_module("test"), import_name("await_held"))) int await_held(int number);
__attribute__((import_module("test"), import_name("has_called"))) void has_called(void);

static void *library;
static atomic_int leaker_runs, begun, is_up_to_date;
static _Atomic(nullary *) leaked;

static int nothing(void) { return 0; }
static nullary *volatile call_nothing = nothing;  // An indirect call, and with it a check.

static void *find_number(int number) {
  char name[32];
  snprintf(name, sizeof name, "addressed_%o", number);
  return find(library, name);
}

static void *leak(void *unused) {
  (void)unused;
  atomic_store(&leaker_runs, 1);
  for (int round = 0; round < rounds; ++round) {
    REQUIRE(await_held(round + 1));
    call_nothing();  // An operation behind: it catches up here, to whatever there is.
    atomic_store(&leaked, (nullary *)find_number(first + 2 * round + 1));
  }
  return 0;
}

static void *call(void *unused) {
  (void)unused;
  for (int round = 0; round < rounds; ++round) {
    while (atomic_load(&begun) != round + 1) {
    }
    call_nothing();
    atomic_store(&is_up_to_date, 1);
    nullary *found = 0;
    while ((found = atomic_load(&leaked)) == 0) {
    }
    REQUIRE(found() == first + 2 * round + 1);
    has_called();
  }
  return 0;
}

int main(void) {
  library = open_now("./libhas_addressed.so");
  pthread_t leaker = start(leak, 0), caller = start(call, 0);
  while (atomic_load(&leaker_runs) == 0) {
  }
  for (int round = 0; round < rounds; ++round) {
    find_number(first + 2 * round);
    atomic_store(&is_up_to_date, 0);
    atomic_store(&begun, round + 1);
    while (atomic_load(&is_up_to_date) == 0) {
    }
    hold_next();
    void *found = find_number(first + 2 * round + 1);
    REQUIRE(found == (void *)atomic_load(&leaked));
    atomic_store(&leaked, 0);
  }
  pthread_join(leaker, 0);
  pthread_join(caller, 0);
  printf("ok a call through what a snapshot told does not wait for its publisher, %d times\n", rounds);
  return 0;
}

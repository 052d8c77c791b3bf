// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ends_beside STATE WAY: two threads get into a state; then main says that they are about to be there, and when the
// embedder lets it go on it ends the process by exit(7), by a trap, or waits to be stopped.
#include <poll.h>
#include <stdint.h>

#include "guest.h"

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

struct timeout {
  uint8_t set;
  uint64_t nanoseconds;
};

WASIX("thread_id") int thread_id(uint32_t *id);
WASIX("thread_sleep") int thread_sleep(uint64_t nanoseconds);
WASIX("thread_join") int thread_join(uint32_t id);
WASIX("futex_wait")
int futex_wait(volatile int *word, uint32_t expected, const struct timeout *timeout, uint8_t *woken);
__attribute__((import_module("interlink_host"), import_name("serve"))) void serve(uint32_t cookie);
__attribute__((import_module("embedder"), import_name("ready"))) void embedder_ready(atomic_int *release);

// What computes without a call does so until this is set. Libraries read it as `release` and as `may_finish`.
atomic_int release, constructing;
extern atomic_int may_finish __attribute__((alias("release")));

static atomic_int arrived, holding;
static int never;
static uint32_t waiter;

static void wait_for_ever(void) {
  for (;;) {
    __builtin_wasm_memory_atomic_wait32(&never, 0, -1);
  }
}

// The constructors of libchain_a and libchain_c call it.
void note(int number) {
  (void)number;
  atomic_store(&holding, 1);
  wait_for_ever();
}

static void arrive(void) { atomic_fetch_add(&arrived, 1); }

static void compute(void) {
  while (atomic_load_explicit(&release, memory_order_relaxed) == 0) {
  }
}

static int next(int value) { return value + 1; }
static unary *volatile through_table = next;

static void compute_with_calls(void) {
  for (int value = 0;;) {
    value = through_table(value);
  }
}

static void wait_in_futex(void) {
  uint8_t woken = 0;
  futex_wait(&never, 0, 0, &woken);
}

static void read_input(void) {
  char byte = 0;
  (void)!read(STDIN_FILENO, &byte, 1);
}

static void poll_input(void) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  poll(&input, 1, -1);
}

static void sleep_in_host(void) { thread_sleep(1000000000000); }

static void wait_to_be_joined(void) {
  thread_id(&waiter);
  atomic_store(&holding, 1);
  wait_for_ever();
}

static void join_waiter(void) {
  wait_for(&holding);
  thread_join(waiter);
}

static void open_again_and_again(void) {
  for (;;) {
    dlopen("./libtrapping_start.so", RTLD_NOW);  // Fails after its claims are taken.
    dlopen("./libabsent.so", RTLD_NOW);
    open_now("./libplain.so");
  }
}

static void open_what_spins(void) { dlopen("./libspins_in_start.so", RTLD_NOW); }

static void open_what_constructs(void) { dlopen("./libslow.so", RTLD_NOW); }

static void open_what_holds(void) { dlopen("./libchain_c.so", RTLD_NOW); }

static void open_what_needs_it(void) {
  wait_for(&holding);
  dlopen("./libchain_a.so", RTLD_NOW);
}

static void *return_at_once(void *unused) { return unused; }

static void spawn_again_and_again(void) {
  for (;;) {
    pthread_t thread = 0;
    if (pthread_create(&thread, 0, return_at_once, 0) == 0) {
      pthread_join(thread, 0);
    }
  }
}

static void serve_embedder(void) { serve(1000); }

typedef void state(void);

static void *enter(void *state_to_be_in) {
  arrive();
  ((state *)state_to_be_in)();
  return 0;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    state *first, *second;
    atomic_int *until;  // Set when the first is there, if that takes more than to begin.
  } states[] = {{"computes", compute, compute},
                {"computes_with_calls", compute_with_calls, compute_with_calls},
                {"waits", wait_for_ever, wait_for_ever},
                {"waits_in_futex", wait_in_futex, wait_in_futex},
                {"reads", read_input, read_input},
                {"polls", poll_input, poll_input},
                {"sleeps", sleep_in_host, sleep_in_host},
                {"joins", wait_to_be_joined, join_waiter},
                {"loads", open_again_and_again, open_again_and_again},
                {"waits_for_load", open_what_spins, open_what_spins, &constructing},
                {"constructs", open_what_holds, open_what_holds, &holding},
                {"waits_for_constructors", open_what_holds, open_what_needs_it},
                {"computes_in_constructor", open_what_constructs, open_what_constructs, &constructing},
                {"spawns", spawn_again_and_again, spawn_again_and_again},
                {"serves", serve_embedder, serve_embedder}};
  REQUIRE(argc == 3);
  for (size_t i = 0; i < sizeof states / sizeof *states; ++i) {
    if (strcmp(argv[1], states[i].name) == 0) {
      start(enter, (void *)states[i].first);
      start(enter, (void *)states[i].second);
      while (atomic_load(&arrived) != 2) {
        usleep(200);
      }
      if (states[i].until != 0) {
        wait_for(states[i].until);
      }
    }
  }
  embedder_ready(&release);
  if (strcmp(argv[2], "exit") == 0) {
    exit(7);
  } else if (strcmp(argv[2], "trap") == 0) {
    __builtin_trap();
  }
  wait_for_ever();
}

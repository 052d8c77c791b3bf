// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Signals find their handler within every kind of wait, by interval timers, and from outside.
#include <stdlib.h>

#include "guest.h"
#include "processes.h"

static atomic_int handled, by_thread, is_waiting, has_returned;
static uint32_t word;

__attribute__((export_name("__wasm_signal"))) void __wasm_signal(int signal) {
  uint32_t id = 0;
  wasix_thread_id(&id);
  atomic_store(&by_thread, (int)id);
  atomic_fetch_add(&handled, 1 << signal % 16);
}

static int pipe_ends[2];

static void wait_in(int kind) {
  uint8_t woken = 0;
  uint32_t count = 0;
  char byte = 0;
  char events[32], subscription[48] = {0};
  switch (kind) {
  case 0:
    wasix_futex_wait(&word, 0, 0, &woken);
    break;
  case 1:
    __builtin_wasm_memory_atomic_wait32((int *)&word, 0, -1);
    break;
  case 2:
    REQUIRE(get(pipe_ends[0], &byte, 1) == -e_intr);
    break;
  case 3:
    subscription[8] = 1; // a read
    memcpy(subscription + 16, &pipe_ends[0], 4);
    REQUIRE(wasi_poll_oneoff(subscription, events, 1, &count) == e_intr);
    break;
  case 4:
    wasix_thread_sleep(3600000000000ULL);
    break;
  default:
    break;
  }
}

static uint32_t waiter_id;

static void *waiter(void *kind) {
  REQUIRE(wasix_thread_id(&waiter_id) == e_success);
  atomic_store(&is_waiting, 1);
  wait_in((int)(intptr_t)kind);
  atomic_store(&has_returned, 1);
  return 0;
}

static void in_every_wait(void) {
  REQUIRE(wasix_fd_pipe(&pipe_ends[0], &pipe_ends[1]) == e_success);
  for (intptr_t kind = 0; kind < 5; ++kind) {
    atomic_store(&is_waiting, 0);
    atomic_store(&has_returned, 0);
    atomic_store(&handled, 0);
    const pthread_t thread = start(waiter, (void *)kind);
    wait_for(&is_waiting);
    usleep(5000);
    REQUIRE(wasix_thread_signal(waiter_id, sig_usr1) == e_success);
    REQUIRE(pthread_join(thread, 0) == 0);
    REQUIRE(atomic_load(&has_returned) == 1 && atomic_load(&handled) == 1 << sig_usr1);
    REQUIRE((uint32_t)atomic_load(&by_thread) == waiter_id);
  }
}

static void by_process_and_timer(void) {
  uint32_t pid = 0, main_id = 0, count = 0;
  REQUIRE(wasix_proc_id(&pid) == e_success && wasix_thread_id(&main_id) == e_success);
  atomic_store(&handled, 0);
  REQUIRE(wasix_proc_signal(pid, sig_usr2) == e_success && atomic_load(&handled) == 1 << sig_usr2);
  REQUIRE((uint32_t)atomic_load(&by_thread) == main_id);
  atomic_store(&handled, 0);
  REQUIRE(wasix_thread_signal(0x3fffffff, sig_usr2) == e_success && atomic_load(&handled) == 1 << sig_usr2);
  atomic_store(&handled, 0);
  REQUIRE(wasix_proc_raise_interval(sig_alrm, 5000000, 0) == e_success);
  while (atomic_load(&handled) == 0) {
    wasix_thread_sleep(3600000000000ULL);
  }
  REQUIRE(atomic_load(&handled) == 1 << sig_alrm);
  atomic_store(&handled, 0);
  REQUIRE(wasix_proc_raise_interval(sig_alrm, 2000000, 1) == e_success);
  while (atomic_load(&handled) < 3 << sig_alrm) {
    wasix_thread_sleep(3600000000000ULL);
  }
  REQUIRE(wasix_proc_raise_interval(sig_alrm, 0, 0) == e_success);
  REQUIRE(wasix_proc_raise_interval(0, 1, 0) == e_inval && wasix_proc_raise_interval(32, 1, 0) == e_inval);
  struct disposition dispositions[64] = {0};
  REQUIRE(wasix_proc_signals_sizes_get(&count) == e_success && count == 31);
  REQUIRE(wasix_proc_signals_get(dispositions) == e_success && dispositions[0].signal == 1);
  REQUIRE(dispositions[30].signal == 31 && dispositions[30].is_ignored == 0);
}

static void nothing(void) {}

static void (*volatile called)(void) = nothing;

// Calls no function of the host, and by pointer only: what a thread looks at there is all that can tell it.
static void compute_until_handled(void) {
  while (atomic_load(&handled) == 0) {
    called();
  }
}

static void *computer(void *argument) {
  REQUIRE(wasix_thread_id(&waiter_id) == e_success);
  atomic_store(&is_waiting, 1);
  compute_until_handled();
  return argument;
}

static void into_computing_threads(void) {
  for (int i = 0; i < 20; ++i) {
    atomic_store(&is_waiting, 0);
    atomic_store(&handled, 0);
    const pthread_t thread = start(computer, 0);
    wait_for(&is_waiting);
    REQUIRE(wasix_thread_signal(waiter_id, sig_usr1) == e_success);
    REQUIRE(pthread_join(thread, 0) == 0);
    REQUIRE(atomic_load(&handled) == 1 << sig_usr1 && (uint32_t)atomic_load(&by_thread) == waiter_id);
  }
  for (int i = 0; i < 5; ++i) {
    atomic_store(&handled, 0);
    REQUIRE(wasix_proc_raise_interval(sig_alrm, 1000000, 0) == e_success);
    compute_until_handled();
    REQUIRE(atomic_load(&handled) == 1 << sig_alrm);
  }
}

int main(int argc, char **argv) {
  if (argc > 2) { // computes until one from outside
    printf("waiting\n");
    fflush(stdout);
    compute_until_handled();
    printf("ok handled %d\n", atomic_load(&handled) == 1 << atoi(argv[1]));
    return 0;
  }
  if (argc > 1) { // waits for one from outside
    atomic_store(&handled, 0);
    printf("waiting\n");
    fflush(stdout);
    while (atomic_load(&handled) == 0) {
      wasix_thread_sleep(3600000000000ULL);
    }
    printf("ok handled %d\n", atomic_load(&handled) == 1 << atoi(argv[1]));
    return 0;
  }
  in_every_wait();
  by_process_and_timer();
  into_computing_threads();
  printf("ok signals\n");
  return 0;
}

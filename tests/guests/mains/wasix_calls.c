// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The WASIX calls for threads, futexes and the current directory, called directly.
#include <stdint.h>

#include "guest.h"

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

struct timeout {
  uint8_t set;
  uint64_t nanoseconds;
};

WASIX("thread_id") int thread_id(uint32_t *id);
WASIX("thread_parallelism") int thread_parallelism(uint32_t *count);
WASIX("thread_sleep") int thread_sleep(uint64_t nanoseconds);
WASIX("sched_yield") int wasix_yield(void);
WASIX("futex_wait")
int futex_wait(volatile uint32_t *word, uint32_t expected, const struct timeout *timeout, uint8_t *woken);
WASIX("futex_wake") int futex_wake(volatile uint32_t *word, uint8_t *woken);
WASIX("futex_wake_all") int futex_wake_all(volatile uint32_t *word, uint8_t *woken);
WASIX("getcwd") int wasix_getcwd(char *path, uint32_t *size);
WASIX("chdir") int wasix_chdir(const char *path, uint32_t size);
WASIX("proc_exit2") _Noreturn void proc_exit2(int code);

static volatile uint32_t word;
static atomic_int waiting, passed;
static uint32_t main_id;

static void *wait_on_word(void *unused) {
  (void)unused;
  uint32_t id = 0;
  uint8_t woken = 9;
  REQUIRE(thread_id(&id) == 0 && id != main_id);
  atomic_fetch_add(&waiting, 1);
  const struct timeout never = {0, 0};
  while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0) {
    futex_wait(&word, 0, &never, &woken);
  }
  atomic_fetch_add(&passed, 1);
  return 0;
}

int main(void) {
  uint32_t count = 0;
  uint8_t woken = 9;
  const struct timeout short_while = {1, 5000000};
  REQUIRE(thread_id(&main_id) == 0);
  REQUIRE(thread_parallelism(&count) == 0 && count >= 1);
  REQUIRE(wasix_yield() == 0 && thread_sleep(1000000) == 0);
  REQUIRE(futex_wait(&word, 0, &short_while, &woken) == 0 && woken == 0);
  REQUIRE(futex_wake(&word, &woken) == 0 && woken == 0);
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) {
    threads[i] = start(wait_on_word, 0);
  }
  while (atomic_load(&waiting) != 3) {
    usleep(200);
  }
  usleep(5000);
  __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
  REQUIRE(futex_wake(&word, &woken) == 0 && futex_wake_all(&word, &woken) == 0);
  for (int i = 0; i < 3; ++i) {
    pthread_join(threads[i], 0);
  }
  REQUIRE(atomic_load(&passed) == 3);
  char path[256] = "";
  uint32_t size = sizeof path;
  REQUIRE(wasix_getcwd(path, &size) == 0 && path[0] == '/');
  printf("ok wasix calls\n");
  fflush(stdout);
  proc_exit2(5);
}

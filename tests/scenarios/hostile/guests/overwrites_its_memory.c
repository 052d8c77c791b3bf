// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Overwrites all of its own memory, from some address on, while its other threads open libraries, look up symbols, start
// threads, wait, read and write. The arguments: what is written (a byte, or -1 for noise), from which page on, and how many
// times. Then it ends by a call of the host that needs no memory, with code 7.
#include <stdint.h>

#include "guest.h"

int constructions; // of libcounts_*.so

__attribute__((import_module("wasix_32v1"), import_name("proc_exit2"))) _Noreturn void proc_exit2(int code);
__attribute__((import_module("wasix_32v1"), import_name("thread_sleep"))) int thread_sleep(uint64_t nanoseconds);

enum { page = 65536 };

static atomic_int running;

static void *opens(void *unused) {
  (void)unused;
  char name[40];
  for (int i = 0;; ++i) {
    snprintf(name, sizeof name, "./%*.*slibcounts_%d.so", i % 7, i % 7, "", i % 8 + 1);
    void *library = dlopen(i % 3 == 0 ? "./libplain.so" : name, RTLD_NOW);
    if (library != 0) {
      dlsym(library, "plain_add");
    }
    atomic_store(&running, 1);
  }
}

static void *nothing(void *unused) { return unused; }

static void *starts(void *unused) {
  (void)unused;
  while (1) {
    pthread_t one;
    if (pthread_create(&one, 0, nothing, 0) == 0) {
      pthread_join(one, 0);
    }
  }
}

static void *waits(void *unused) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
  (void)unused;
  pthread_mutex_lock(&lock);
  while (1) {
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec = (soon.tv_nsec + 1000000) % 1000000000;
    pthread_cond_timedwait(&never, &lock, &soon);
  }
}

static void *reads_and_writes(void *unused) {
  (void)unused;
  while (1) {
    char buffer[64];
    FILE *file = fopen("./libplain.so", "r");
    if (file != 0) {
      fread(buffer, 1, sizeof buffer, file);
      fclose(file);
    }
    fprintf(stderr, "%s", "");
  }
}

// Keeps all that it needs in locals of wasm.
__attribute__((noinline)) static void overwrite(int value, uint32_t first_page, int rounds) {
  uint32_t noise = 0x9e3779b9U;
  for (int round = 0; round < rounds; ++round) {
    uint32_t end = (uint32_t)__builtin_wasm_memory_size(0) * page;
    for (uint32_t at = first_page * page + 1024; at < end; at += 4) {
      noise ^= noise << 13;
      noise ^= noise >> 17;
      noise ^= noise << 5;
      *(volatile uint32_t *)(uintptr_t)at = value < 0 ? noise : (uint32_t)value * 0x01010101U;
    }
    thread_sleep(3000000);
  }
  proc_exit2(7);
}

int main(int argc, char **argv) {
  int value = argc > 1 ? atoi(argv[1]) : 255, first = argc > 2 ? atoi(argv[2]) : 0, rounds = argc > 3 ? atoi(argv[3]) : 3;
  pthread_t unused;
  for (int i = 0; i < 2; ++i) {
    pthread_create(&unused, 0, opens, 0);
    pthread_create(&unused, 0, waits, 0);
  }
  pthread_create(&unused, 0, starts, 0);
  pthread_create(&unused, 0, reads_and_writes, 0);
  while (atomic_load(&running) == 0) {
    usleep(1000);
  }
  overwrite(value, (uint32_t)first, rounds);
}

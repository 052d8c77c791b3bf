// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All that the host is given lies at 2 GiB or above: names, buffers, a thread's stack and its thread-local variables, what
// it waits on, the data of a library; some of it at the very end of 4 GiB.
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>

#include "guest.h"

static const uintptr_t half = 0x80000000U;

static char *high(size_t size) {
  char *block = malloc(size);
  REQUIRE((uintptr_t)block >= half);
  return block;
}

static _Thread_local int own = 3;
_Thread_local int main_tls; // libtls.so wants one
static pthread_mutex_t *lock;
static pthread_cond_t *changed;
static int *state;

static void *answers(void *result) {
  int here = 0;
  REQUIRE((uintptr_t)&here >= half && (uintptr_t)&own >= half && own == 3);
  // The library that was opened before has a block for this thread, wherever.
  REQUIRE(((nullary *)result)() >= 0);
  pthread_mutex_lock(lock);
  while (*state != 1) {
    pthread_cond_wait(changed, lock);
  }
  *state = 2;
  pthread_cond_broadcast(changed);
  pthread_mutex_unlock(lock);
  return 0;
}

int main(void) {
  // Two gibibytes that are never touched, and what is left of them.
  void *below = malloc(1U << 30), *below_too = malloc(1000U << 20);
  REQUIRE(below != 0 && below_too != 0);
  for (void *rest = malloc(1 << 20); (uintptr_t)rest < half; rest = malloc(1 << 20)) {
    REQUIRE(rest != 0);
  }
  for (void *rest = malloc(1000); (uintptr_t)rest < half; rest = malloc(1000)) {
    REQUIRE(rest != 0);
  }

  char *name = high(4096);
  strcpy(name, "./libbig_1.so");
  void *big = open_now(name);
  REQUIRE(((uintptr_t)((nullary *)find(big, "big_base"))()) >= half);
  int *zero = (int *)find(big, "big_last");
  REQUIRE((uintptr_t)zero >= half && *zero == 0);
  *zero = 9;
  strcpy(name, "plain_add");
  REQUIRE(((binary *)find(open_now("./libplain.so"), name))(40, 2) == 42);
  strcpy(name, "nobody_has_it");
  REQUIRE(dlsym(big, name) == 0 && strstr(dlerror(), "nobody_has_it") != 0);

  lock = (pthread_mutex_t *)high(sizeof *lock + sizeof *changed + 64);
  changed = (pthread_cond_t *)(lock + 1);
  state = (int *)(changed + 1);
  pthread_mutex_init(lock, 0);
  pthread_cond_init(changed, 0);
  *state = 0;
  pthread_t thread = start(answers, find(open_now("./libtls.so"), "tls_next"));
  usleep(2000);
  pthread_mutex_lock(lock);
  *state = 1;
  pthread_cond_broadcast(changed);
  while (*state != 2) {
    pthread_cond_wait(changed, lock);
  }
  pthread_mutex_unlock(lock);
  pthread_join(thread, 0);

  char *buffer = high(70000);
  strcpy(name, "./libplain.so");
  int file = open(name, O_RDONLY);
  REQUIRE(file >= 0 && read(file, buffer, 4) == 4 && memcmp(buffer, "\0asm", 4) == 0);
  struct pollfd *polled = (struct pollfd *)high(sizeof *polled);
  *polled = (struct pollfd){.fd = file, .events = POLLIN};
  REQUIRE(poll(polled, 1, 10) == 1);

  // All the rest: the last page is there, and its last byte can be used.
  while (__builtin_wasm_memory_grow(0, 1) != (unsigned long)-1) {
  }
  REQUIRE(__builtin_wasm_memory_size(0) == 65536);
  char *last = (char *)(uintptr_t)0xfffffffcU;
  REQUIRE(read(file, last, 4) == 4 && memcmp(last, "\1\0\0\0", 4) == 0);
  strcpy(last - 12, "plain_value");
  memcpy(last, "ok\n", 3);
  REQUIRE(write(1, last, 3) == 3 && *(int *)find(dlopen("./libplain.so", RTLD_NOW), last - 12) == 42);
  REQUIRE(write(1, last, 8) < 0 && read(file, last + 1, 4) < 0);
  REQUIRE(__builtin_wasm_memory_atomic_wait32((int *)last, 0, 0) == 1);
  REQUIRE(__builtin_wasm_memory_atomic_notify((int *)last, 1) == 0);
  *state = 1;
  pthread_join(start(answers, find(dlopen("./libtls.so", RTLD_NOW), "tls_next")), 0);
  printf("ok at high addresses\n");
  return 0;
}

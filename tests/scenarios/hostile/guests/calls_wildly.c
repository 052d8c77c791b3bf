// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls and starts what is no function, and lets the linker and the guest library have nonsense. The first argument says
// what; where the host only has to answer an error, the program ends with "ok".
#include <errno.h>
#include <stdint.h>

#include "guest.h"

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

WASIX("dlsym")
int wasix_dlsym(uint32_t handle, const char *symbol, size_t symbol_size, char *error, size_t error_size,
                uintptr_t *address);
WASIX("futex_wait") int futex_wait(uint32_t word, uint32_t expected, uint32_t timeout, uint32_t woken);
WASIX("futex_wake") int futex_wake(uint32_t word, uint32_t woken);
WASIX("futex_wake_all") int futex_wake_all(uint32_t word, uint32_t woken);
WASIX("thread_spawn") int thread_spawn(uint32_t start, uint32_t id);
WASIX("thread_spawn_v2") int thread_spawn_v2(uint32_t start, uint32_t id);
WASIX("callback_signal") void callback_signal(const char *name, uint32_t size);
WASIX("thread_signal") int thread_signal(uint32_t id, uint32_t signal);
WASIX("thread_id") int thread_id(uint32_t *id);
__attribute__((import_module("wasi"), import_name("thread-spawn"))) int wasi_thread_spawn(uint32_t argument);
__attribute__((import_module("interlink_host"), import_name("serve"))) void serve(uint32_t cookie);

static int leaf(int value) { return value; }

static int call(uint32_t index) {
  static unary *volatile target;
  target = (unary *)(uintptr_t)index;
  return target(1);
}

static void use_handles(void) {
  static const uint32_t handles[] = {0, 1, 2, 3, 1000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff};
  for (size_t i = 0; i < sizeof handles / sizeof *handles; ++i) {
    REQUIRE(dlsym((void *)(uintptr_t)handles[i], "nobody_has_it") == 0 && dlerror() != 0);
    dlclose((void *)(uintptr_t)handles[i]);
  }
  for (int flags = 0; flags < 32; ++flags) {
    for (int shift = 0; shift < 32; shift += 4) {
      dlopen("./libplain.so", (int)((unsigned)flags << shift));
    }
  }
  REQUIRE(((binary *)find(open_now("./libplain.so"), "plain_add"))(40, 2) == 42);
}

static void use_futexes(void) {
  static uint32_t word, timeout[4] = {1};
  enum { memory_violation = 78 };
  uint32_t end = (uint32_t)__builtin_wasm_memory_size(0) << 16, good = (uint32_t)(uintptr_t)&word;
  const uint32_t bad[] = {1, 2, 3, good + 1, good + 2, end - 3, end, 0x7fffffff, 0xfffffffc, 0xffffffff};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    REQUIRE(futex_wait(bad[i], 0, (uint32_t)(uintptr_t)timeout, good) == memory_violation);
    REQUIRE(futex_wake(bad[i], good) == memory_violation && futex_wake_all(bad[i], good) == memory_violation);
  }
  const uint32_t outside[] = {end, end - 1, end - 8, end - 15, 0xfffffff0, 0xfffffff8, 0xffffffff};
  for (size_t i = 0; i < sizeof outside / sizeof *outside; ++i) {
    REQUIRE(futex_wait(good, 0, outside[i], good) == memory_violation);
    REQUIRE(i == 1 || i == 2 || i == 3 || futex_wait(good, 0, (uint32_t)(uintptr_t)timeout, outside[i]) == memory_violation);
    REQUIRE(i == 1 || i == 2 || i == 3 || futex_wake(good, outside[i]) == memory_violation);
  }
}

static void start_threads(void) {
  static uint32_t id;
  enum { memory_violation = 78 };
  uint32_t end = (uint32_t)__builtin_wasm_memory_size(0) << 16, good = (uint32_t)(uintptr_t)&id;
  const uint32_t bad[] = {end, end - 4, end - 56, 0x80000000, 0xfffffff0, 0xffffffff};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    REQUIRE(thread_spawn(bad[i], good) != 0 && thread_spawn_v2(bad[i], good) != 0);
    REQUIRE(wasi_thread_spawn(bad[i]) < 0);
    REQUIRE(i == 1 || i == 2 || thread_spawn(good, bad[i]) == memory_violation);
  }
}

void handles_signal(int signal) {
  // Signals itself again, without end.
  uint32_t id = 0;
  thread_id(&id);
  thread_signal(id, (uint32_t)signal);
}

int takes_nothing(void) { return 1; }

static void *serves(void *cookie) {
  serve((uint32_t)(uintptr_t)cookie);
  return 0;
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  uint32_t number = argc > 2 ? (uint32_t)strtoul(argv[2], 0, 0) : 0;
  REQUIRE(leaf(argc) == argc);
  if (strcmp(how, "call") == 0) {
    printf("%d\n", call(number));
  } else if (strcmp(how, "call-of-another-type") == 0) {
    printf("%d\n", call((uint32_t)(uintptr_t)takes_nothing));
  } else if (strcmp(how, "handles") == 0) {
    use_handles();
  } else if (strcmp(how, "futexes") == 0) {
    use_futexes();
  } else if (strcmp(how, "threads") == 0) {
    start_threads();
  } else if (strcmp(how, "thread-at") == 0) {
    // A start structure in memory, full of one byte: stack, thread-local storage and routine are wherever it says.
    uint32_t *nonsense = malloc(64);
    memset(nonsense, (int)number, 64);
    int id = wasi_thread_spawn((uint32_t)(uintptr_t)nonsense);
    sleep(id > 0 ? 1 : 0);
  } else if (strcmp(how, "create") == 0) {
    pthread_t thread = 0;
    pthread_create(&thread, 0, (void *(*)(void *))(uintptr_t)number, 0);
    pthread_join(thread, 0);
  } else if (strcmp(how, "wait") == 0) {
    __builtin_wasm_memory_atomic_wait32((int *)(uintptr_t)number, 0, 0);
  } else if (strcmp(how, "notify") == 0) {
    __builtin_wasm_memory_atomic_notify((int *)(uintptr_t)number, 1);
  } else if (strcmp(how, "signal") == 0) {
    callback_signal("handles_signal", 14);
    handles_signal(10);
  } else if (strcmp(how, "signal-of-another-type") == 0) {
    callback_signal("takes_nothing", 13);
    handles_signal(10);
  } else if (strcmp(how, "serve") == 0) {
    // Nobody posts calls to who was not asked for; the process ends all the same.
    start(serves, (void *)(uintptr_t)number);
    usleep(20000);
  } else {
    REQUIRE(!"known");
  }
  printf("ok %s\n", how);
  return 0;
}
